"""From a scored lead to a conversation: harvest, qualify, route, nurture."""
