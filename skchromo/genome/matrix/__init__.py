"""Contact matrices: .cool, .mcool and .hic."""

from ._contact_matrix import ContactMatrix
