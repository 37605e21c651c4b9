"""What people say on sales calls: several phrasings for everything, with blanks the conversation fills.

Blanks: {ae} {customer} {company} {trade} {customers} {system} {product} {volume} {count} {month} {day} {tool}.
"""

GREETINGS = (
    "Hi {customer}, thanks for making the time today.",
    "Good morning {customer}, {ae} here from Ringback, can you hear me okay?",
    "Hey {customer}, great to meet you. How is your week going?",
    "Hello {customer}, {ae} speaking. I see on the invite we have half an hour.",
    "{customer}, good to see you. Shall we wait for anyone else?",
)
GREETINGS_AGAIN = (
    "Good to see you again, {customer}. Where did we leave off?",
    "Hi {customer}, welcome back. I sent a short recap last time, did it reach you?",
    "{customer}, nice to talk again. How have things moved on your side?",
)
REPLIES = (
    "Hi {ae}, yes, I can hear you fine.",
    "Thanks {ae}, busy as always, but good.",
    "Hello. I have a hard stop at the half hour, just so you know.",
    "Good, thanks. Happy to be here, I have been reading your site.",
    "Hi. A colleague asked me to take this call, so bear with me.",
)
AGENDAS = (
    "I would love to hear about {company} first, and then show how others use us.",
    "My plan was to learn how you talk to your {customers} today and then see whether we fit.",
    "Shall we start with what made you book the call?",
    "Maybe start with a few words on your role, and I keep the slides closed for now.",
)
ABOUT_US = (
    "We do {trade}, roughly {count} people at the moment.",
    "{company} is about {trade}. I look after how we reach our {customers}.",
    "So we are in {trade}, been doing it for years, and most contact with {customers} goes through my team.",
    "In short, {trade}. The technical side sits with me and two others.",
)
DISCOVERY = (
    "How do your {customers} reach you today?",
    "What happens when that goes wrong, what does it cost you?",
    "Roughly how many contacts do you see in a month?",
    "Is there anything urgent behind this, or are you exploring?",
    "Who else would have a say in a decision like this?",
    "Do you already have a budget for this kind of thing?",
)
NEED = (
    "Honestly we are drowning, about {volume} contacts a month and half of them wait too long.",
    "We lose {customers} because nobody gets back to them, that is the real problem.",
    "Our team spends hours every day on the same five questions. It is painful.",
    "Around {volume} reminders a month are done by hand right now, and we miss a lot of them.",
    "The pain is no-shows. Every missed one costs us real money, and we have {volume} a month.",
    "{system} does not tell {customers} anything, so they all call us. We need to fix that.",
)
VAGUE = (
    "Nothing is really broken, we just like to see what is out there.",
    "It works well enough today, I would say, I am mostly curious.",
    "I am collecting information for a colleague, to be honest.",
    "We are looking at several things, nothing specific yet.",
    "Someone on the board read an article and asked me to have a look.",
)
WANTS = {
    "Voice AI": (
        "What caught my eye is the Voice AI, an agent that picks up the phone when we cannot.",
        "We would like an AI agent to answer the calls from {customers}, at night above all.",
        "Could a voice assistant book appointments in {system} on its own?",
        "Our phone menu is hated. A conversational voice agent instead would be a dream.",
        "How natural does the AI voice sound? We would want it to take the first line of calls.",
    ),
    "Voice": (
        "We also need ordinary voice, numbers and call forwarding for the desk.",
        "Programmable voice is interesting, we record calls and route them by region.",
        "Our phone lines still run over an old SIP trunk we would like to replace.",
    ),
    "Messaging/SMS": (
        "For us it is mostly SMS, reminders and confirmations to {customers}.",
        "Text messages are what our {customers} read. We send about {volume} a month.",
        "We would want two-way messaging, they text back and it lands in {system}.",
        "Is WhatsApp part of the messaging product, or is it only SMS?",
        "Mostly notifications by text when the status changes in {system}.",
    ),
    "Wireless": (
        "We have devices in the field too, so SIM cards and wireless data might matter.",
        "Do you do IoT SIMs? Our trackers need connectivity.",
    ),
    "Verify": (
        "We need one-time passcodes at login, so the Verify product is relevant.",
        "Two-factor by text for our {customers}, fraud has been a topic.",
        "Phone verification at sign-up would save us a lot of fake accounts.",
    ),
}
PITCHES = {
    "Voice AI": (
        "Voice AI answers in under a second and hands over to a person when it should.",
        "Many teams start Voice AI on after-hours calls only, it is a safe first step.",
    ),
    "Voice": ("Numbers and routing are quick to set up.", "You can port the numbers you have, it takes about a week."),
    "Messaging/SMS": (
        "With messaging you get delivery receipts and opt-out handling from the start.",
        "For SMS we take care of the carrier registration with you.",
    ),
    "Wireless": ("The SIMs work in most countries on one plan.",),
    "Verify": ("Verify falls back to a voice call when a text does not arrive.",),
}
UNASKED_PITCHES = (
    "Lots of companies like yours are looking at Voice AI these days.",
    "Before we go on, have you thought about an AI agent on the phone?",
    "Our newest product is Voice AI, I can send a recording of a sample call.",
)
DECLINES_VOICE_AI = (
    "We are not looking at an AI on the phone, our {customers} want a person.",
    "No, voice bots are not for us, texts are enough.",
    "Voice AI is not something we would use, I should say that up front.",
)
TECHNICAL = (
    "Do you have webhooks, or do we have to poll the API?",
    "What does latency look like, and is there an SLA on the API?",
    "How do you handle authentication, API keys or OAuth?",
    "Is there an SDK for Python, and can we run it in a sandbox first?",
    "Where is the data stored, and are you SOC 2 and HIPAA compliant?",
    "What is the rate limit, we can burst to a few hundred requests a second.",
    "Could we stream the audio over a websocket to our own service?",
)
TECHNICAL_ANSWERS = (
    "Webhooks for every event, signed, with retries.",
    "Yes, there is a sandbox with test credentials.",
    "I will bring an engineer for that one next time.",
    "That is in the docs, I will send the page.",
)
INTEGRATION = (
    "It would have to integrate with {system}, otherwise it is useless to us.",
    "How does the integration with {system} work?",
    "Everything lives in {system}, so we need a connector or at least an API.",
    "Have you connected this to {system} before?",
)
PRICING = (
    "What does it cost, is pricing per message or per seat?",
    "Can you give me a ballpark price for {volume} a month?",
    "How does your pricing work when volume goes up?",
    "I would need a quote I can show to finance.",
    "Is there a discount if we sign for a year?",
)
PRICING_ANSWERS = (
    "It is usage based, and falls with volume. I will send a quote.",
    "For your size it is usually in the low thousands a month.",
    "There is no seat price, you pay per minute or per message.",
)
BUDGET = (
    "We have money set aside for this, that is not the issue.",
    "The budget is approved, we just need to choose who.",
    "I own the budget for this line, so it is my call up to fifty thousand.",
    "Finance signed off on the project already.",
)
NO_BUDGET = (
    "I have to be honest, there is no budget this year.",
    "We don't have budget for anything new right now.",
    "Money is tight, all new spending is frozen until further notice.",
    "That is more than we can afford, I am afraid.",
)
HANDLING = (
    "I understand. What would have to change for that?",
    "Fair enough, some start with a small pilot to prove the savings.",
    "Got it, thanks for being open about that.",
)
URGENCY = (
    "This is urgent, we have to have something in place soon.",
    "We need to move fast, our current contract runs out.",
    "My boss asks me about this every week, it has to happen as soon as possible.",
    "The sooner the better, every week costs us.",
    "We have a hard deadline coming up and no plan B.",
)
NO_RUSH = (
    "There is no rush on our side.",
    "It is not urgent, we can come back to it.",
    "Nothing will be decided before next year, realistically.",
    "We are in no hurry, honestly.",
)
TIMELINE_NEAR = (
    "We would like to go live by the end of the month.",
    "Ideally we start in {month}, this quarter at the latest.",
    "The goal is to have a pilot running within four weeks.",
)
TIMELINE_FAR = (
    "This would be something for next year, perhaps the second half.",
    "We look at new tools once a year, the next round is in {month}.",
    "Maybe in nine or twelve months, after the migration.",
)
COMPETITORS = (
    "We are also talking to {tool}, and they have sent an offer.",
    "Today we use {tool} for that, with mixed feelings.",
    "How do you compare with {tool}?",
)
TOOLS = ("Twilio", "Vonage", "Bandwidth", "Telnyx", "Infobip", "Sinch")
HAPPY = (
    "This looks great, exactly what I hoped to see.",
    "I really like that, it is much better than what we have.",
    "That is impressive. My team would love this.",
    "Perfect, that answers my question, thank you.",
)
UNHAPPY = (
    "Hmm, I am not convinced that works for us.",
    "I expected more, to be frank. That is disappointing.",
    "That sounds complicated, and the last vendor was a bad experience.",
    "I am worried this is too difficult for our people.",
)
NEXT_ASKS = (
    "Would it make sense to set up a technical session?",
    "Shall we put a follow-up in the calendar right now?",
    "What would be a good next step from your side?",
    "Can I bring a solutions engineer to a second call?",
)
NEXT_AGREED = (
    "Yes, let's do {day} at ten, and I bring my engineer.",
    "{day} works. Send the invite to both of us please.",
    "Sure, let's meet again on {day} and look at a pilot.",
    "Sounds good, put thirty minutes on my calendar for {day}.",
)
NEXT_OPEN = (
    "Send me something by mail and I will get back to you.",
    "Let me talk to the others first, I will let you know.",
    "We will reach out when it becomes a topic.",
    "I can't promise anything, maybe check in after the summer.",
    "I think I have what I need for now.",
)
CLOSINGS = (
    "Great, thanks for your time {customer}, I will follow up by mail.",
    "Thank you {customer}, enjoy the rest of your day.",
    "Thanks all, talk soon.",
)
FILLERS_CUSTOMER = (
    "Right, okay.", "Mm-hm, makes sense.", "Sorry, I was on mute.", "Can you see my screen? No? Never mind.",
    "It has been raining here all week.", "Let me write that down.", "Sorry, my dog.", "Could you say that again?",
)  # fmt: skip
FILLERS_SELLER = (
    "Does that make sense so far?", "Let me share my screen for a second.", "Just to make sure I got that right.",
    "Any questions up to here?", "I will put that into the notes.",
)  # fmt: skip
OPENERS = ("", "", "", "", "So, ", "Well, ", "Yeah, ", "Look, ", "I mean, ", "Right, ")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
MONTHS = ("January", "March", "April", "June", "September", "October", "November")

SUMMARY_OPENINGS = (
    "{customer} from {company} and {ae} discussed how the company reaches its {customers}.",
    "Introductory conversation with {company}, a company in {trade}.",
    "{ae} met {customer} ({company}) to understand their communication needs.",
)
SUMMARY_PRODUCTS = (
    "Products discussed: {product}.", "The conversation covered {product}.", "Interest was expressed in {product}.",
)  # fmt: skip
SUMMARY_OF = {
    "declined_voice_ai": ("They are not interested in AI answering the phone.", "Voice AI was ruled out."),
    "need": ("The current handling of {volume} contacts a month causes delays.", "A clear pain point was described."),
    "urgency": ("The matter was described as urgent.", "They want to move quickly."),
    "no_rush": ("There is no urgency at present.", "They are in no hurry to decide."),
    "pricing": ("Pricing was requested.", "{customer} asked for a quote."),
    "budget": ("Budget has been approved.", "{customer} confirmed that budget is available."),
    "no_budget": ("No budget is available this year.", "Budget was raised as an obstacle."),
    "integration": ("Integration with {system} is required.", "Questions came up about connecting {system}."),
    "competitor": ("They are also evaluating {tool}.", "{tool} is in use or under evaluation."),
    "next_meeting": ("A follow-up meeting was agreed.", "Both sides will meet again on {day}."),
}
EDITS = (
    "Edited: corrected the spelling of {customer}'s name and the number of sites.",
    "Note added afterwards: {customer} sent the list of systems by mail.",
    "Edited: the volume mentioned is per quarter, not per month.",
    "Note added afterwards: procurement will be involved from here on.",
)
TITLES = (
    "{company} / Intro Call", "Intro: {company} <> Ringback", "{company} - discovery", "Ringback x {company}",
    "{company} | Ringback demo", "Discovery call with {company}", "Ringback <> {company} (30 min)",
)  # fmt: skip
TITLES_AGAIN = ("{company} / Follow-up", "Follow-up: {company} <> Ringback", "{company} - technical deep dive")
USELESS_TITLES = (
    "Weekly sync",
    "Call with {customer}",
    "Quick chat",
    "Zoom meeting",
    "Intro call",
    "{ae} / {customer}",
)
