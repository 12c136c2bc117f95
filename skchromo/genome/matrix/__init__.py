"""Contact matrices: .cool, .mcool and .hic."""

from ._cache import RowCache
from ._contact_matrix import ContactMatrix
from ._rows import Rows
