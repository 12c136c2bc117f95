"""A linear path from log mean signals of whole windows to the output."""

import torch
from torch import nn
from torch.nn import functional as F

# Half widths in bp of the windows around the TSS; the whole promoter is always one more.
_HALF_WIDTHS = (500, 1_000, 2_000, 5_000)


class WindowSkip(nn.Module):
    """Linear map from log mean signals around the TSS, and of the pCREs, to the output.

    For each track the columns are ``log(1 + mean signal)`` of the windows of 1, 2, 4 and 10 kb
    around the TSS and of the whole promoter, and ``log(1 + sum of contact weight x mean signal)``
    over the gene's pCREs, a negative sum counting as 0. Columns are standardised by the buffers
    `mean` and `scale`, which start at 0 and 1. The map's weights start at 0: nothing is added to
    the output then.

    `bin_size` is that of the bins that are read, in bp: the finest.
    """

    def __init__(self, n_tracks, bin_size, n_outputs=1):
        super().__init__()
        self.n_tracks = n_tracks
        self.half_widths = tuple(max(1, half // bin_size) for half in _HALF_WIDTHS)
        n_columns = n_tracks * (len(_HALF_WIDTHS) + 2)
        self.linear = nn.Linear(n_columns, n_outputs, bias=False, dtype=torch.float32)
        nn.init.zeros_(self.linear.weight)
        self.register_buffer("mean", torch.zeros(n_columns, dtype=torch.float32))
        self.register_buffer("scale", torch.ones(n_columns, dtype=torch.float32))

    def columns(self, promoters, pairs, layout):
        """Return log mean signals of some genes, not standardised: (n_genes, 6 * n_tracks).

        Windows come from small to large, then pCREs, each with all tracks. `promoters` is a Bins,
        `pairs` a list of Bins in the order of the tokens.
        """
        signal = promoters.features[..., : self.n_tracks].expm1()
        n_genes, n_bins, _ = signal.shape
        middle = n_bins // 2
        windows = [slice(max(middle - half, 0), middle + half) for half in self.half_widths]
        means = [
            _mean_of_bins(signal[:, window], promoters.absent[:, window]) for window in windows
        ]
        means.append(_mean_of_bins(signal, promoters.absent))
        means.append(torch.zeros_like(means[0]))
        if pairs:
            of_pairs = [
                _mean_of_bins(group.features[..., : self.n_tracks].expm1(), group.absent)
                for group in pairs
            ]
            tokens = F.pad(torch.cat(of_pairs), (0, 0, n_genes, 0))
            slots = layout.genes.to_slots(tokens[None], layout.genes.token.shape[1])
            activity = (slots * layout.genes.weights[:, 0, :, None]).sum(dim=1)
            means[-1] = activity.clamp_min(0)  # weights may be negative, logarithms not
        return torch.cat(means, dim=1).log1p()

    def forward(self, columns):
        """Return the values that are added to the output, (n_genes, n_outputs)."""
        return self.linear((columns - self.mean) / self.scale)


def _mean_of_bins(signal, absent):
    """Mean over the bins that are there, (n, n_tracks).

    In torch, because gradients of attributions pass through it.
    """
    there = ~absent[..., None]
    return (signal * there).sum(dim=1) / there.sum(dim=1)
