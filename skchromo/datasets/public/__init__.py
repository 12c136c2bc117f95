"""Public data, downloaded once and kept."""

from ..._fetch import clear_data_home, get_data_home
from ._fetch_contacts import fetch_contacts
from ._fetch_crispri import fetch_crispri
from ._fetch_demo import fetch_chromoformer_demo
from ._fetch_encode import fetch_encode
from ._fetch_roadmap import fetch_roadmap
