"""The format of a file that is not a bigWig, and the commands that make a bigWig of it."""

import re
import shlex
import zlib
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from .._words import printable

SNIFFED = 1 << 14

BIGWIG = 0x888FFC26
_BIGWIG = BIGWIG.to_bytes(4, "little")
_MAGIC = (
    (b"\xeb\xf2\x89\x87", "bigBed"),
    (b"\x87\x89\xf2\xeb", "bigBed"),
    (_BIGWIG[::-1], "swapped"),
    (b"CRAM", "CRAM"),
    (b"BAM\x01", "BAM"),
    (b"TDF", "TDF"),
    (b"\x89HDF\r\n", "matrix"),
    (b"HIC\x00", "matrix"),
    (b"PK\x03\x04", "zip"),
    (b"version https://git-lfs", "pointer"),
    (b"@HD\t", "SAM"),
    (b"@SQ\t", "SAM"),
)
_WORDS = {
    "swapped": "a bigWig with its bytes in the order of another machine",
    "matrix": "a matrix of contacts or other HDF5 file",
    "pointer": "a Git LFS pointer, not the file itself",
    "page": "a web page, which a server sent instead of the file",
    "peaks": "a list of peaks",
    "bigWig": "a compressed bigWig",
    "zip": "a zip archive",
}
_SUFFIXES = {
    ".bedgraph": "bedGraph",
    ".bdg": "bedGraph",
    ".bg": "bedGraph",
    ".bed": "BED",
    ".narrowpeak": "peaks",
    ".broadpeak": "peaks",
    ".wig": "wig",
    ".bam": "BAM",
    ".cram": "CRAM",
    ".sam": "SAM",
    ".bb": "bigBed",
    ".bigbed": "bigBed",
    ".tdf": "TDF",
    ".cool": "matrix",
    ".mcool": "matrix",
    ".hic": "matrix",
}
_FROM_BEDGRAPH = (
    "{cat} {file} | grep -Ev '^(track|browser|#)' | LC_ALL=C sort -k1,1 -k2,2n > {stem}.sorted."
    "bedGraph; bedGraphToBigWig {stem}.sorted.bedGraph chrom.sizes {stem}.bw"
)
_FROM_BED = (
    "LC_ALL=C sort -k1,1 -k2,2n | bedtools genomecov -bg -i - -g chrom.sizes > {stem}.bedGraph; "
    "bedGraphToBigWig {stem}.bedGraph chrom.sizes {stem}.bw"
)
_FROM_READS = "convert it with deepTools: samtools index {file}; bamCoverage -b {file} -o {stem}.bw"
_SIZES = "; chrom.sizes holds name and length of every chromosome (UCSC: fetchChromSizes hg38)"
_REMEDIES = {
    "bedGraph": "convert it with UCSC's tools: " + _FROM_BEDGRAPH + _SIZES,
    "wig": "convert it with UCSC's tools: wigToBigWig {file} chrom.sizes {stem}.bw" + _SIZES,
    "BED": "if its lines are reads, convert it with bedtools and UCSC's tools: {cat} {file} | "
    + _FROM_BED
    + _SIZES,
    "bigBed": "if its items are reads, convert it with bedtools and UCSC's tools: bigBedToBed "
    "{file} {stem}.bed; cut -f1-6 {stem}.bed | " + _FROM_BED + _SIZES,
    "BAM": _FROM_READS,
    "CRAM": _FROM_READS,
    "SAM": "convert it with samtools and deepTools: samtools sort -o {stem}.bam {file}; samtools "
    "index {stem}.bam; bamCoverage -b {stem}.bam -o {stem}.bw",
    "TDF": "convert it with IGV's and UCSC's tools: igvtools tdftobedgraph {file} {stem}.bedGraph; "
    "then sort it and run bedGraphToBigWig {stem}.bedGraph chrom.sizes {stem}.bw" + _SIZES,
    "swapped": "write it again: bigWigToBedGraph {file} {stem}.bedGraph; bedGraphToBigWig "
    "{stem}.bedGraph chrom.sizes {stem}.bw" + _SIZES,
    "bigWig": "decompress it: gunzip -c {file} > {stem}.bw",
    "zip": "unpack it (unzip {file}) and give the bigWig in it",
    "pointer": "fetch the file: git lfs pull",
    "page": "download the file again from its direct address, logged in if the server needs it",
    "matrix": "contacts are given to InteractionTransformer, signal as a bigWig",
    "peaks": "peaks are not signal: give the bigWig of the same experiment",
    "gzip": "decompress it, and give a bigWig",
    "unknown": "give a bigWig",
}


def explain_format(start, path):
    """Return the end of a message: the format of a file that is not a bigWig, and the remedy.

    `start` is the first `SNIFFED` bytes of the file, which decide before the name. `path` (or an
    address) names the files in the commands.
    """
    if not start:
        return "it is an empty file: copy or download it again"
    name = PurePosixPath(urlsplit(path).path).name if "://" in path else path
    kind = _kind_of(start)
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes[-2:]]
    if kind in ("unknown", "gzip"):
        kind = next((_SUFFIXES[suffix] for suffix in suffixes if suffix in _SUFFIXES), kind)
    stem = name.removesuffix(".gz")
    stem = stem.removesuffix(PurePosixPath(stem).suffix)
    if name.lower().endswith((".bw", ".bigwig")):
        stem += ".new"  # the file itself is not to be written over
    remedy = _REMEDIES[kind].format(
        cat="gunzip -c" if start.startswith(b"\x1f\x8b") else "cat",
        file=printable(shlex.quote(name)),
        stem=printable(shlex.quote(stem)),
    )
    if kind == "unknown":
        return f"its format is not known: {remedy}"
    return f"it is {_WORDS.get(kind, f'a {kind} file')}: {remedy}"


def _kind_of(start):
    """Return the format of a file by its first bytes."""
    if start.startswith(b"\x1f\x8b"):
        inner = _inflate(start)
        kind = "bigWig" if inner.startswith(_BIGWIG) else _kind_of(inner)
        return "gzip" if kind == "unknown" else kind
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            return kind
    text = start.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    if re.match(r"\s*<(!doctype|html|\?xml)", text, re.IGNORECASE):
        return "page"
    return "unknown" if "\x00" in text else _kind_of_text(text)


def _kind_of_text(text):
    """Return the format of a text by its first lines."""
    for line in text.splitlines():
        if re.match(r"(fixed|variable)Step\b|track\b.*\btype=\"?wiggle_0", line):
            return "wig"
        if re.match(r"track\b.*\btype=\"?bedGraph", line):
            return "bedGraph"
        fields = line.split()
        if not fields or fields[0] in ("track", "browser") or line.startswith("#"):
            continue
        if len(fields) < 3 or not (fields[1].isdigit() and fields[2].isdigit()):
            return "unknown"
        if len(fields) == 4 and is_number(fields[3]):
            return "bedGraph"
        scored = len(fields) in (9, 10) and all(map(is_number, fields[6:9]))
        return "peaks" if scored else "BED"
    return "unknown"


def is_number(text):
    """Return whether a field can be signal."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _inflate(start):
    """Decompress the beginning of a gzipped file, as far as it is there."""
    try:
        return zlib.decompressobj(31).decompress(start, SNIFFED)
    except zlib.error:
        return b""
