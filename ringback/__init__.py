"""The ground every other package stands on: settings, records, errors, clock. It imports none of them."""
