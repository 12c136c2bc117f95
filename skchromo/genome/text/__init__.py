"""Text files of the field, plain or compressed, and the tables in them."""

from ._fields import REGION, TARGET, split_line, whole_number
from ._tables import FrameTable, TextTable
from ._text_file import TextFile, is_comment, text_of
