"""The words the demo world is made of: stems, surnames, given names, streets, trades, technologies.

Every list is our own; any likeness to a real company or person is chance. How words combine is said in `entities` and
`people`.
"""

STEMS = """
Alder Amber Anchor Apex Arbor Aspen Atlas Aurora Badger Bay Beacon Birch Blue Bold Bramble Bright Bronze Cedar Chalk
Cinder Clear Clover Cobalt Copper Coral Crane Crescent Crown Delta Dove Eagle Elder Ember Ever Falcon Fern Flint Fox
Frost Gale Garnet Gold Granite Green Grove Harbor Hawk Hazel Heron High Hollow Honey Indigo Iron Ivory Jade Juniper
Keystone Lake Lantern Larch Laurel Linden Lumen Lyric Maple Marble Meadow Mill Mint Moss North Oak Ochre Olive Onyx
Opal Orchard Otter Pearl Pebble Pine Plum Prairie Quartz Quill Raven Red Ridge River Rowan Sable Sage Salt Sequoia
Silver Slate Snow Sparrow Spruce Star Stone Summit Sun Swift Tamarack Thistle Timber Topaz Trellis Umber Vale Velvet
Violet Walnut West Willow Winter Wren Yarrow
""".split()

ENDINGS = """
bank beam bell bend berry bourne bridge brook burn burst castle cliff coast crest croft cross dale dell den field
flow ford forge gate glen grove harbor haven heath hill hold hollow house kirk land lane leaf light line loft march
mark mere mont moor path peak point port reach ridge rise road rock root run shade shore side spark spire spring stead
step stone stream thorn tide tower town trail vale view wake ward water way well wick wind wing wood works yard
""".split()

OPENERS = ["Great", "Little", "Old", "New", "Upper", "First", "Grand", "True", "Royal", "Urban", "Modern", "Family"]

SURNAMES = """
Abara Abbott Acosta Adler Aguilar Akins Albrecht Alvarado Amato Andrade Antonelli Archer Aoki Ashworth Baird Baptiste
Barros Beckett Bellamy Benítez Bergström Bhatt Blackwood Bloch Boateng Boyle Brandt Brennan Burke Cabrera Calloway
Carrillo Castellano Chandra Chávez Choi Clifton Conti Cordero Crowley Dahl Dalton Dang Delgado Desai Diallo Dorsey
Driscoll Dubois Duarte Eklund Ellison Engel Escobar Esposito Falk Farrell Ferreira Finch Fontaine Fujita Gallagher
Galvan Gaspar Ghosh Goldfarb Greer Gutiérrez Haas Halvorsen Hamid Hartley Hassan Hayashi Hendricks Herrera Hoang Holt
Ibarra Iyer Jansen Jimenez Kaminski Kaplan Kapoor Keane Keller Khalil Kimura Kovacs Kruger Lachance Larsen Leclair
Lindqvist Lombardi Lozano Madden Mahoney Marchetti Marquez Mbeki McAllister McBride Mendes Messina Meyers Molina
Moreau Nakamura Navarro Nkosi Nolan Novak O'Brien Obi Ocampo Okafor Olsen Ortega Osei Pacheco Palmer Park Pasquale
Patel Petrov Pham Quinn Quintero Rahman Ramos Reyes Ricci Rosales Rossi Rousseau Saito Salazar Santoro Schafer Sethi
Shah Sharma Silva Sokolov Soto Stein Suarez Sullivan Takeda Tanaka Tavares Thorne Torres Tran Trujillo Ueda Vargas
Vasquez Vega Villanueva Vogel Wagner Walsh Weiss Whitfield Winslow Wójcik Yamada Yates Zamora Zhang Ziegler
""".split()

# given name and the short form people also use for it; the same word twice where there is none
GIVEN = [
    tuple(pair.split("/"))
    for pair in """
    Abigail/Abby Adriana/Adriana Alejandro/Alex Alexandra/Alex Amina/Amina Amit/Amit Andrew/Andy Angela/Angie
    Anita/Anita Anthony/Tony Arjun/Arjun Barbara/Barb Benjamin/Ben Bianca/Bianca Brian/Brian Camila/Cami
    Catherine/Kate Chidi/Chidi Christopher/Chris Clara/Clara Daniel/Dan David/Dave Deborah/Deb Diego/Diego
    Dmitri/Dmitri Donald/Don Edward/Ed Elena/Elena Elizabeth/Liz Emeka/Emeka Emily/Em Eric/Eric Esther/Essie
    Fatima/Fatima Felix/Felix Gabriela/Gabi Gerald/Jerry Gloria/Gloria Gregory/Greg Hannah/Hannah Haruto/Haruto
    Helen/Nell Henry/Hank Ines/Ines Ingrid/Ingrid Isaac/Ike Jacob/Jake Jacqueline/Jackie James/Jim Jasmine/Jas
    Jennifer/Jen Jessica/Jess Joaquin/Joaquin Jonathan/Jon Joseph/Joe Joshua/Josh Judith/Judy Kareem/Kareem
    Karen/Karen Kenneth/Ken Kimberly/Kim Kofi/Kofi Laura/Laura Lawrence/Larry Leila/Leila Leonard/Leo Lucas/Luke
    Magdalena/Lena Margaret/Meg Mariana/Mari Matthew/Matt Mei/Mei Michael/Mike Miriam/Miri Mohammed/Mo Nadia/Nadia
    Nathaniel/Nate Nicholas/Nick Nina/Nina Noor/Noor Olivia/Liv Pamela/Pam Patricia/Pat Patrick/Paddy Peter/Pete
    Priya/Priya Rachel/Rach Rafael/Rafa Raymond/Ray Rebecca/Becca Richard/Rick Robert/Bob Rosa/Rosa Samantha/Sam
    Samuel/Sam Sanjay/Sanjay Sarah/Sarah Sofia/Sofi Stephanie/Steph Steven/Steve Susan/Sue Theodore/Ted Thomas/Tom
    Timothy/Tim Valentina/Val Veronica/Ronnie Victor/Vic Vikram/Vik Vincent/Vince Walter/Walt William/Bill
    Yasmin/Yasmin Yuki/Yuki Zachary/Zach Zoe/Zoe
    """.split()
]

STREETS = """
Acorn Adams Ash Baker Bank Bluff Bridge Canal Canyon Cedar Center Charter Cherry Chestnut Church Clark Clay College
Commerce Cottage Court Cypress Depot Dover Elm Fairview Factory Farm Ferry Forest Franklin Front Garden Grant Grove
Hamilton Harrison Hickory Highland Hill Holly Industrial Jackson Jefferson Juniper Kent Lafayette Lake Laurel Lexington
Liberty Lincoln Locust Madison Magnolia Main Maple Market Meadow Mill Monroe Mulberry Oak Olive Orchard Orange Park
Pearl Pine Pleasant Poplar Prospect Railroad River Rose School Second Seventh Sixth Spring Spruce State Summit Sycamore
Third Union Valley Vine Walnut Warren Washington Water Willow Winter
""".split()

# full and abbreviated, as providers mix them
STREET_TYPES = [
    ("Street", "St"), ("Avenue", "Ave"), ("Boulevard", "Blvd"), ("Road", "Rd"), ("Drive", "Dr"), ("Lane", "Ln"),
    ("Court", "Ct"), ("Parkway", "Pkwy"), ("Place", "Pl"),
]  # fmt: skip
DIRECTIONS = [("", ""), ("North", "N"), ("South", "S"), ("East", "E"), ("West", "W")]

# vertical -> the trade as it stands in a name, and the category a provider files it under
TRADES: dict[str, list[tuple[str, str]]] = {
    "local_services": [
        ("Plumbing", "plumber"), ("Roofing", "roofing_contractor"), ("Electric", "electrician"), ("Bakery", "bakery"),
        ("Auto Repair", "car_repair"), ("Landscaping", "landscaper"), ("Heating & Cooling", "hvac_contractor"),
        ("Coffee", "cafe"), ("Painting", "painter"), ("Brewing", "brewery"), ("Kitchen", "restaurant"),
        ("Salon", "beauty_salon"), ("Moving", "moving_company"), ("Cleaners", "dry_cleaner"), ("Fitness", "gym"),
    ],
    "b2b_saas": [
        ("Software", "software_company"), ("Analytics", "software_company"), ("Cloud", "software_company"),
        ("Systems", "software_company"), ("Data", "software_company"), ("Technologies", "software_company"),
    ],
    "ecommerce": [
        ("Outfitters", "online_store"), ("Goods", "online_store"), ("Supply", "online_store"),
        ("Home & Garden", "home_goods_store"), ("Apparel", "clothing_store"), ("Toys", "toy_store"),
    ],
    "healthcare": [
        ("Dental", "dentist"), ("Family Medicine", "doctor"), ("Eye Care", "optometrist"),
        ("Physical Therapy", "physiotherapist"), ("Veterinary", "veterinarian"), ("Pediatrics", "doctor"),
    ],
    "real_estate": [
        ("Realty", "real_estate_agency"), ("Properties", "real_estate_agency"), ("Homes", "real_estate_agency"),
        ("Property Management", "property_manager"),
    ],
}  # fmt: skip

TECHNOLOGIES: dict[str, list[str | None]] = {
    "local_services": [None, None, "wordpress", "squarespace", "wix|google analytics", "wordpress|square"],
    "b2b_saas": ["hubspot|segment", "salesforce|stripe", "aws|hubspot|stripe", "intercom|segment", "salesforce"],
    "ecommerce": ["shopify", "shopify|klaviyo", "shopify|stripe|klaviyo", "woocommerce|wordpress", "bigcommerce"],
    "healthcare": [None, "wordpress", "wordpress|zocdoc", "google analytics"],
    "real_estate": [None, "wordpress|zillow", "wix", "hubspot|wordpress"],
}

LEGAL_SUFFIXES = ["LLC", "Inc", "Corp", "Co", "Ltd"]
# how each of LEGAL_SUFFIXES is also written
SUFFIX_VARIANTS = ["L.L.C.", "Inc.", "Corporation", "Company", "Limited"]

JOB_TITLES = [
    "Owner", "Founder & CEO", "President", "Chief Operating Officer", "VP Sales", "VP Marketing",
    "Director of Operations", "Director of IT", "Office Manager", "Marketing Manager", "Purchasing Manager",
    "Account Executive", "Operations Coordinator", "Practice Manager", "Head of Growth",
]  # fmt: skip

REPS = ["Dana Whitlock", "Marcus Ibekwe", "Priscilla Oyelaran", "Tomás Rivero", "Wendy Castellan", "Yusuf Demirel"]
