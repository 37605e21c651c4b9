"""The trades of the simulated world: what companies of each are called, do, and how far they suit the product."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Industry:
    """One trade; the effects are log-odds on progression and on a Voice-AI fit."""

    name: str
    share: float
    progression: float
    voice_ai: float
    consumers: float
    """How likely such a company sells to consumers."""
    nouns: tuple[str, ...]
    trade: tuple[str, ...]
    customers: str
    systems: tuple[str, ...]


INDUSTRIES = (
    Industry("Healthcare", 0.10, 0.25, 1.0, 0.7, ("Clinic", "Health", "Dental", "Medical Group", "Care", "Hospice"),
             ("outpatient clinics", "dental practices", "home care", "a network of physiotherapists"), "patients",
             ("our EHR", "the scheduling system", "Epic", "the patient portal")),
    Industry("Logistics", 0.09, 0.20, 0.8, 0.2, ("Freight", "Logistics", "Haulage", "Couriers", "Cargo", "Transport"),
             ("regional freight", "last-mile delivery", "cold-chain haulage", "a courier service"), "drivers",
             ("our TMS", "the dispatch board", "the warehouse system", "the driver app")),
    Industry("Retail", 0.12, -0.05, 0.0, 0.9, ("Outfitters", "Stores", "Market", "Furniture", "Goods", "Bikes"),
             ("an online shop", "forty stores", "furniture by mail order", "a marketplace for bicycles"), "shoppers",
             ("Shopify", "our order system", "the loyalty programme", "the till system")),
    Industry("Financial Services", 0.11, 0.15, -0.2, 0.5, ("Capital", "Credit Union", "Payments", "Lending", "Bank"),
             ("consumer lending", "a credit union", "card payments for small shops", "wealth planning"), "members",
             ("the core banking system", "our ledger", "the loan system", "Salesforce")),
    Industry("Insurance", 0.07, 0.05, 0.6, 0.6, ("Insurance", "Mutual", "Assurance", "Brokers", "Claims"),
             ("motor insurance", "claims handling", "a mutual for farmers", "brokerage"), "policy holders",
             ("the claims system", "Guidewire", "our policy system", "the broker portal")),
    Industry("Software", 0.15, 0.30, -0.8, 0.2, ("Labs", "Software", "Systems", "Cloud", "Data", "Apps"),
             ("a developer platform", "payroll software", "a CRM for dentists", "an analytics product"), "users",
             ("our API", "the backend", "the event bus", "HubSpot")),
    Industry("Education", 0.07, -0.25, -0.4, 0.6, ("Academy", "Learning", "College", "Tutors", "Schools"),
             ("online tutoring", "a language school", "a business college", "after-school programmes"), "students",
             ("the learning platform", "Canvas", "our student records", "the enrolment form")),
    Industry("Hospitality", 0.07, -0.15, 0.4, 0.9, ("Hotels", "Kitchen", "Resorts", "Dining", "Inns"),
             ("boutique hotels", "a restaurant group", "holiday homes", "event catering"), "guests",
             ("the booking engine", "OpenTable", "our PMS", "the reservation desk")),
    Industry("Real Estate", 0.06, -0.10, 0.1, 0.5, ("Homes", "Realty", "Properties", "Estates", "Living"),
             ("residential letting", "property management", "an estate agency", "student housing"), "tenants",
             ("Yardi", "the listing site", "our tenant portal", "the maintenance desk")),
    Industry("Manufacturing", 0.07, -0.20, -0.6, 0.1, ("Works", "Industries", "Tools", "Components", "Plastics"),
             ("machine parts", "packaging", "precision tools", "garden equipment"), "dealers",
             ("SAP", "our ERP", "the dealer portal", "the service desk")),
    Industry("Home Services", 0.05, 0.10, 0.7, 0.9, ("Plumbing", "Roofing", "Heating", "Cleaning", "Solar"),
             ("plumbing and heating", "solar installation", "house cleaning", "roof repair"), "homeowners",
             ("ServiceTitan", "our job board", "the booking form", "the field app")),
    Industry("Telecommunications", 0.04, 0.05, 0.2, 0.4, ("Telecom", "Networks", "Fibre", "Wireless", "Connect"),
             ("rural broadband", "a virtual mobile operator", "business telephony", "fibre for towns"), "subscribers",
             ("the billing system", "our OSS", "the provisioning tool", "the switch")),
)  # fmt: skip

STEMS_FIRST = (
    "North", "South", "East", "West", "Bright", "Clear", "Silver", "Golden", "Green", "Blue", "Red", "Stone", "River",
    "Lake", "Oak", "Maple", "Cedar", "Iron", "Harbor", "Summit", "Prairie", "Canyon", "Meadow", "Star", "Sun", "Moon",
    "Wind", "Fair", "High", "Long", "Swift", "True", "Wild", "Winter", "Amber", "Copper",
)  # fmt: skip
STEMS_SECOND = (
    "field", "gate", "wood", "bridge", "ford", "haven", "line", "mark", "path", "point", "ridge", "stone", "view",
    "water", "way", "well", "wick", "worth", "crest", "dale", "brook", "port", "land", "leaf", "light", "peak",
)  # fmt: skip
HARD_STEMS = (
    "O'Neill's", "Müller", "D'Angelo", "Björn & Töchter", "Hart & Vale", "Łódź", "Ñandú", "Çelik", "Macy's Own",
    "Grün & Söhne", "St. John's", "Ó Briain", "Smith, Jones", '"Quick"', "@Home", "+Plus",
)  # fmt: skip
BOLD = "<b>Bold</b> & Sons"

FIRST_NAMES = (
    "Ana", "Liam", "Maria", "James", "Wei", "Priya", "Olivia", "Noah", "Fatima", "Carlos", "Emma", "David", "Sofia",
    "Michael", "Aisha", "Daniel", "Hannah", "Kenji", "Laura", "Peter", "Ingrid", "Marcus", "Nadia", "Tom", "Rosa",
    "Grace", "Victor", "Elena", "Samuel", "Yara", "Zoë", "Jürgen", "Renée", "Søren", "Chloé", "D'Andre", "José",
)  # fmt: skip
LAST_NAMES = (
    "Silva", "Johnson", "Garcia", "Chen", "Patel", "Brown", "Kim", "Nguyen", "Martin", "Lopez", "Anderson", "Khan",
    "Rossi", "Novak", "Schmidt", "Kowalski", "Tanaka", "Okafor", "Haddad", "Larsen", "Dubois", "Murphy", "Costa",
    "Walker", "Young", "Reed", "Foster", "Bell", "Ward", "Hughes", "O'Brien", "Groß", "Núñez", "D'Souza", "Åkesson",
    "van der Berg", "Lee-Smith",
)  # fmt: skip
DECIDERS = (
    "CEO", "Founder", "Chief Operating Officer", "CTO", "VP Operations", "VP Customer Experience", "VP Engineering",
    "Head of Contact Center", "Chief Digital Officer", "Owner",
)  # fmt: skip
OTHERS = (
    "Operations Manager", "Customer Support Lead", "Software Engineer", "Product Manager", "IT Manager",
    "Marketing Manager", "Business Analyst", "Procurement Specialist", "Project Coordinator", "Engineering Manager",
    "Patient & Client Services Manager", "Telephony Administrator",
)  # fmt: skip

STAGES = ("Bootstrapped", "Seed", "Series A", "Series B", "Series C", "Private Equity", "Public")
STAGE_EFFECT = {
    "Bootstrapped": -0.5, "Seed": 0.0, "Series A": 0.35, "Series B": 0.5, "Series C": 0.4, "Private Equity": 0.2,
    "Public": 0.0,
}  # fmt: skip
COUNTRIES = (
    "United States", "Canada", "United Kingdom", "Germany", "Mexico", "Brazil", "Australia", "Ireland", "Netherlands",
)  # fmt: skip
COUNTRY_WEIGHTS = (70.0, 8.0, 6.0, 4.0, 3.0, 3.0, 2.0, 2.0, 2.0)
CONTACT_CENTER_TOOLS = ("Genesys", "Five9", "Asterisk", "Talkdesk")
TECHNOLOGIES = (
    "Salesforce", "HubSpot", "Zendesk", "Twilio", "AWS", "Azure", "Shopify", "SAP", "Snowflake", "WordPress", "React",
    "Intercom", "Stripe", "Okta", "Auth0", "Google Analytics", "Kubernetes", "Microsoft Dynamics",
)  # fmt: skip
