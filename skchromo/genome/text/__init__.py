"""Text files of the field, plain or compressed, and the tables in them."""

from ._lines import REGION, TARGET, is_comment, split_line, text_of, whole_number
from ._tables import FrameTable, TextTable
from ._text_file import TextFile
