"""Files that are not bigWigs: recognised by content, then by name; commands convert them."""

import gzip

import pytest

from skchromo.genome import read_chromsizes

BAM = gzip.compress(b"BAM\x01\x10\x00\x00\x00@HD\tVN:1.6", mtime=0)
BIGWIG = b"\x26\xfc\x8f\x88\x04\x00"
GRAPH = b"chr1\t0\t100\t1.5\nchr1\t100\t200\t0\n"
READS = b"chr1\t0\t100\tread\t0\t+\n"
PEAKS = b"chr1\t0\t100\tp\t9\t.\t5.5\t3\t2\t50\n"


@pytest.mark.parametrize(
    ("name", "content", "facts"),
    [
        ("h1.bedGraph", GRAPH, ["a bedGraph file: ", "cat {file} |", "bedGraphToBigWig"]),
        ("h1.bdg.gz", gzip.compress(GRAPH, mtime=0), ["a bedGraph file: ", "gunzip -c {file} |"]),
        ("h1.bw", b"track type=bedGraph name=x\n" + GRAPH, ["a bedGraph file: "]),
        ("h1.bw", GRAPH, ["bedGraphToBigWig", "chrom.sizes {stem}.new.bw"]),
        ("h1.bedGraph", b"\x00\x01junk", ["a bedGraph file: "]),
        ("h1.wig", b"track type=wiggle_0\nfixedStep chrom=chr1\n1\n", ["a wig", "wigToBigWig"]),
        ("h1.txt", b"variableStep chrom=chr1\n1 2\n", ["a wig file: "]),
        ("h1.bam", BAM, ["a BAM file: ", "bamCoverage -b {file} -o {stem}.bw"]),
        ("h1.bw", BAM, ["bamCoverage -b {file} -o {stem}.new.bw"]),
        ("h1.cram", b"CRAM\x03\x00", ["a CRAM file: ", "bamCoverage -b {file} -o {stem}.bw"]),
        ("h1.sam", b"@HD\tVN:1.6\n", ["a SAM file: ", "samtools sort -o {stem}.bam {file}"]),
        ("h1.bed", READS, ["a BED file: if its lines are reads", "cat {file} |", "genomecov"]),
        ("h1.bed.gz", gzip.compress(b"chr1\t0\t9\n", mtime=0), ["a BED file: ", "gunzip -c"]),
        ("h1.narrowPeak", PEAKS, ["a list of peaks: peaks are not signal"]),
        (
            "h1.bb",
            b"\xeb\xf2\x89\x87\x04\x00",
            ["a bigBed file: ", "bigBedToBed {file} {stem}.bed"],
        ),
        ("h1.bw", BIGWIG[3::-1] + bytes(60), ["in the order of another machine: write it again"]),
        (
            "h1.bw.gz",
            gzip.compress(BIGWIG, mtime=0),
            ["a compressed bigWig", "gunzip -c {file} > {stem}.bw"],
        ),
        ("h1.tdf", b"TDF4", ["a TDF file: ", "igvtools tdftobedgraph {file} {stem}.bedGraph"]),
        ("h1.cool", b"\x89HDF\r\n\x1a\n", ["a matrix of contacts", "InteractionTransformer"]),
        (
            "h1.bw",
            b"version https://git-lfs.github.com/spec/v1\n",
            ["a Git LFS pointer", "lfs pull"],
        ),
        ("h1.bw", b"\n <html><head>", ["a web page", "from its direct address"]),
        ("h1.bw", b"PK\x03\x04", ["a zip archive: unpack it"]),
        ("h1.gz", gzip.compress(b"\x00\x01", mtime=0), ["a gzip file: decompress it"]),
        ("h1.bw", b"gene\tH1\nA\t5\n", ["its format is not known: give a bigWig"]),
        ("h1.bw", b"", ["an empty file: copy or download it again"]),
        ("my h1.bam", BAM, ["samtools index '{file}'; bamCoverage -b '{file}' -o '{folder}/my h1"]),
    ],
)
def test_each_format_is_named_with_its_remedy(tmp_path, name, content, facts):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a bigWig file: ") as caught:
        read_chromsizes(path, "K4")
    text = str(caught.value)
    assert text.startswith(f"track K4 ({path}): not a bigWig file: ")
    for fact in facts:
        assert fact.format(file=path, stem=tmp_path / "h1", folder=tmp_path) in text
