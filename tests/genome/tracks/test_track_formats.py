"""Files that are not bigWigs: recognised by content, then by name; commands convert them."""

import gzip

import pytest

from skchromo.genome import read_chromsizes

BAM = gzip.compress(b"BAM\x01\x10\x00\x00\x00@HD\tVN:1.6")
BIGWIG = b"\x26\xfc\x8f\x88\x04\x00"
GRAPH = b"chr1\t0\t100\t1.5\nchr1\t100\t200\t0\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "h1.bedGraph",
            GRAPH,
            "it is a bedGraph file: convert it with UCSC's tools: cat {file} | grep -Ev "
            "'^(track|browser|#)' | LC_ALL=C sort -k1,1 -k2,2n > {stem}.sorted.bedGraph; "
            "bedGraphToBigWig {stem}.sorted.bedGraph chrom.sizes {stem}.bw; chrom.sizes holds",
        ),
        (
            "h1.bdg.gz",
            gzip.compress(GRAPH),
            "it is a bedGraph file: convert it with UCSC's tools: gunzip -c {file} | grep",
        ),
        ("h1.bw", b"track type=bedGraph name=x\n" + GRAPH, "a bedGraph file: "),
        ("h1.bw", GRAPH, "bedGraphToBigWig {stem}.new.sorted.bedGraph chrom.sizes {stem}.new.bw"),
        ("h1.bedGraph", b"\x00\x01junk", "it is a bedGraph file: "),
        (
            "h1.wig",
            b"track type=wiggle_0\nfixedStep chrom=chr1\n1\n",
            "it is a wig file: convert "
            "it with UCSC's tools: wigToBigWig {file} chrom.sizes {stem}.bw",
        ),
        ("h1.txt", b"variableStep chrom=chr1\n1 2\n", "it is a wig file: "),
        (
            "h1.bam",
            BAM,
            "it is a BAM file: convert it with deepTools: samtools index {file}; "
            "bamCoverage -b {file} -o {stem}.bw",
        ),
        ("h1.bw", BAM, "bamCoverage -b {file} -o {stem}.new.bw"),
        ("h1.cram", b"CRAM\x03\x00", "it is a CRAM file: .*bamCoverage -b {file} -o {stem}.bw"),
        ("h1.sam", b"@HD\tVN:1.6\n", "it is a SAM file: .*samtools sort -o {stem}.bam {file};"),
        (
            "h1.bed",
            b"chr1\t0\t100\tread\t0\t+\n",
            "it is a BED file: if its lines are reads, .*: "
            "cat {file} | LC_ALL=C sort -k1,1 -k2,2n | bedtools genomecov -bg -i - -g chrom.sizes "
            "> {stem}.bedGraph; bedGraphToBigWig {stem}.bedGraph chrom.sizes {stem}.bw",
        ),
        ("h1.bed.gz", gzip.compress(b"chr1\t0\t9\n"), "it is a BED file: .*: gunzip -c {file} | "),
        (
            "h1.narrowPeak",
            b"chr1\t0\t100\tp\t9\t.\t5.5\t3\t2\t50\n",
            "it is a list of peaks: peaks are not signal",
        ),
        (
            "h1.bb",
            b"\xeb\xf2\x89\x87\x04\x00",
            "it is a bigBed file: .*bigBedToBed {file} {stem}.b",
        ),
        ("h1.bw", BIGWIG[3::-1] + bytes(60), "in the order of another machine: write it again: "),
        (
            "h1.bw.gz",
            gzip.compress(BIGWIG),
            "it is a compressed bigWig: decompress it: gunzip -c {file} > {stem}.bw",
        ),
        ("h1.tdf", b"TDF4", "it is a TDF file: .*igvtools tdftobedgraph {file} {stem}.bedGraph"),
        ("h1.cool", b"\x89HDF\r\n\x1a\n", "it is a matrix of contacts .* InteractionTransformer"),
        ("h1.bw", b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer, .*lfs pull"),
        ("h1.bw", b"\n <html><head>", "it is a web page, .*from its direct address"),
        ("h1.bw", b"PK\x03\x04", "it is a zip archive: unpack it"),
        ("h1.gz", gzip.compress(b"\x00\x01"), "it is a gzip file: decompress it"),
        ("h1.bw", b"gene\tH1\nA\t5\n", "its format is not known: give a bigWig"),
        ("h1.bw", b"", "it is an empty file: copy or download it again"),
    ],
)
def test_each_format_is_named_with_what_to_do(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    stem = str(tmp_path / "h1")
    parts = message.format(file=path, stem=stem).split(".*")
    with pytest.raises(ValueError, match="not a bigWig file: ") as caught:
        read_chromsizes(path, "K4")
    text = str(caught.value)
    assert text.startswith(f"track K4 ({path}): not a bigWig file: ")
    assert all(part in text for part in parts)


def test_names_with_blanks_can_be_pasted_into_a_shell(tmp_path):
    path = tmp_path / "my h1.bam"
    path.write_bytes(BAM)
    with pytest.raises(ValueError, match=rf"samtools index '{path}'; bamCoverage -b '{path}' -o '"):
        read_chromsizes(path)
