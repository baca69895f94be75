"""American cities as the demo world knows them: approximate centre, ZIP prefix and area codes.

Public facts only, typed in by hand to two decimals. Who lives there is invented elsewhere in this package.
"""

from typing import NamedTuple


class City(NamedTuple):
    """A city: name, state code, latitude, longitude, three-digit ZIP prefix, area codes."""

    name: str
    state: str
    lat: float
    lon: float
    zip3: str
    codes: tuple[str, ...]


_ROWS = """
Chicago|IL|41.88|-87.63|606|312 773 872
New York|NY|40.71|-74.01|100|212 646 332
Brooklyn|NY|40.65|-73.95|112|718 347 929
Los Angeles|CA|34.05|-118.24|900|213 323
Houston|TX|29.76|-95.37|770|713 281 832 346
Phoenix|AZ|33.45|-112.07|850|602
Philadelphia|PA|39.95|-75.17|191|215 267 445
San Antonio|TX|29.42|-98.49|782|210 726
San Diego|CA|32.72|-117.16|921|619 858
Dallas|TX|32.78|-96.80|752|214 469 972
San Jose|CA|37.34|-121.89|951|408 669
Austin|TX|30.27|-97.74|787|512 737
Jacksonville|FL|30.33|-81.66|322|904
Fort Worth|TX|32.76|-97.33|761|817 682
Columbus|OH|39.96|-83.00|432|614 380
Charlotte|NC|35.23|-80.84|282|704 980
Indianapolis|IN|39.77|-86.16|462|317 463
San Francisco|CA|37.77|-122.42|941|415 628
Seattle|WA|47.61|-122.33|981|206
Denver|CO|39.74|-104.99|802|303 720
Washington|DC|38.91|-77.04|200|202
Boston|MA|42.36|-71.06|021|617 857
Nashville|TN|36.16|-86.78|372|615 629
Detroit|MI|42.33|-83.05|482|313
Portland|OR|45.52|-122.68|972|503 971
Memphis|TN|35.15|-90.05|381|901
Oklahoma City|OK|35.47|-97.52|731|405 572
Las Vegas|NV|36.17|-115.14|891|702 725
Louisville|KY|38.25|-85.76|402|502
Baltimore|MD|39.29|-76.61|212|410 443
Milwaukee|WI|43.04|-87.91|532|414
Albuquerque|NM|35.08|-106.65|871|505
Tucson|AZ|32.22|-110.97|857|520
Fresno|CA|36.74|-119.79|937|559
Sacramento|CA|38.58|-121.49|958|916 279
Kansas City|MO|39.10|-94.58|641|816
Mesa|AZ|33.42|-111.83|852|480
Atlanta|GA|33.75|-84.39|303|404 470 678
Omaha|NE|41.26|-95.94|681|402 531
Colorado Springs|CO|38.83|-104.82|809|719
Raleigh|NC|35.78|-78.64|276|919 984
Miami|FL|25.76|-80.19|331|305 786
Oakland|CA|37.80|-122.27|946|510 341
Minneapolis|MN|44.98|-93.27|554|612
Tulsa|OK|36.15|-95.99|741|918 539
Tampa|FL|27.95|-82.46|336|813
New Orleans|LA|29.95|-90.07|701|504
Wichita|KS|37.69|-97.34|672|316
Cleveland|OH|41.50|-81.69|441|216
Honolulu|HI|21.31|-157.86|968|808
Orlando|FL|28.54|-81.38|328|407 321
St. Louis|MO|38.63|-90.20|631|314
Pittsburgh|PA|40.44|-80.00|152|412
Cincinnati|OH|39.10|-84.51|452|513
Anchorage|AK|61.22|-149.90|995|907
Richmond|VA|37.54|-77.44|232|804
Boise|ID|43.62|-116.20|837|208
Salt Lake City|UT|40.76|-111.89|841|801 385
Des Moines|IA|41.59|-93.62|503|515
Rochester|NY|43.16|-77.61|146|585
Buffalo|NY|42.89|-78.88|142|716
Madison|WI|43.07|-89.40|537|608
Spokane|WA|47.66|-117.43|992|509
Providence|RI|41.82|-71.41|029|401
Birmingham|AL|33.52|-86.80|352|205
Hartford|CT|41.77|-72.67|061|860
Little Rock|AR|34.75|-92.29|722|501
Charleston|SC|32.78|-79.93|294|843 854
Burlington|VT|44.48|-73.21|054|802
Portland|ME|43.66|-70.26|041|207
Billings|MT|45.78|-108.50|591|406
Fargo|ND|46.88|-96.79|581|701
Sioux Falls|SD|43.55|-96.73|571|605
Cheyenne|WY|41.14|-104.82|820|307
Manchester|NH|42.99|-71.45|031|603
Wilmington|DE|39.75|-75.55|198|302
Newark|NJ|40.74|-74.17|071|973 862
Jackson|MS|32.30|-90.18|392|601 769
Knoxville|TN|35.96|-83.92|379|865
El Paso|TX|31.76|-106.49|799|915
"""


def _city(row: str) -> City:
    name, state, lat, lon, zip3, codes = row.split("|")
    return City(name, state, float(lat), float(lon), zip3, tuple(codes.split()))


CITIES: list[City] = [_city(row) for row in _ROWS.strip().splitlines()]

STATE_NAMES = {
    "AK": "Alaska", "AL": "Alabama", "AR": "Arkansas", "AZ": "Arizona", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DC": "District of Columbia", "DE": "Delaware", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "IA": "Iowa", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "KS": "Kansas", "KY": "Kentucky",
    "LA": "Louisiana", "MA": "Massachusetts", "MD": "Maryland", "ME": "Maine", "MI": "Michigan", "MN": "Minnesota",
    "MO": "Missouri", "MS": "Mississippi", "MT": "Montana", "NC": "North Carolina", "ND": "North Dakota",
    "NE": "Nebraska", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico", "NV": "Nevada", "NY": "New York",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina",
    "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VA": "Virginia", "VT": "Vermont",
    "WA": "Washington", "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip
