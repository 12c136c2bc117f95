"""Text files of the field, plain or compressed."""

from ._split import REGION, TARGET, split_line
from ._text_file import LONGEST_LINE, TextFile, is_comment, text_of, whole_number
