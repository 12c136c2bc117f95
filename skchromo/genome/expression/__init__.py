"""Expression tables, read and joined to genes."""

from ._join_expression import join_expression
from ._read_expression import read_expression
