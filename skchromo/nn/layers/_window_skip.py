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

    Parameters
    ----------
    n_tracks : int
        Number of tracks.
    bin_size : int
        Of the bins that are read, in bp: the finest.
    n_outputs : int, default=1
        Width of the output.

    Examples
    --------
    >>> import numpy as np
    >>> from skchromo import RegionArray
    >>> from skchromo.nn import DeviceRegions
    >>> from skchromo.nn.layers import WindowSkip
    >>> X = RegionArray.from_dense(np.ones((3, 2, 20, 1)), bin_size=100)
    >>> batch = DeviceRegions(X, (100,)).batch([0, 1, 2])
    >>> skip = WindowSkip(n_tracks=1, bin_size=100)
    >>> pairs = [group[0] for group in batch.pairs]
    >>> columns = skip.columns(batch.promoters[0], pairs, batch.layout)
    >>> columns.shape, skip(columns).shape
    (torch.Size([3, 6]), torch.Size([3, 1]))
    """

    def __init__(self, n_tracks, bin_size, n_outputs=1):
        super().__init__()
        self.n_tracks = n_tracks
        self.half_widths = tuple(max(1, half // bin_size) for half in _HALF_WIDTHS)
        n_columns = n_tracks * (len(_HALF_WIDTHS) + 2)
        self.linear = nn.Linear(n_columns, n_outputs, bias=False)
        nn.init.zeros_(self.linear.weight)
        self.register_buffer("mean", torch.zeros(n_columns))
        self.register_buffer("scale", torch.ones(n_columns))

    def columns(self, promoters, pairs, layout):
        """Compute log mean signals of some genes, not standardised.

        Parameters
        ----------
        promoters : Bins
            The promoter windows.
        pairs : sequence of Bins
            The pCREs in the order of the tokens, those of one width together.
        layout : TokenLayout
            Which regions are of one gene, and their contact weights.

        Returns
        -------
        columns : Tensor of shape (n_genes, 6 * n_tracks)
            Windows from small to large, then pCREs; of each all tracks.
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
            slots = layout.to_slots(tokens[None], layout.token.shape[1])[0]
            slots = slots.view(n_genes, -1, self.n_tracks)
            activity = (slots * layout.weights[..., None]).sum(dim=1)
            means[-1] = activity.clamp_min(0)  # weights may be negative, logarithms not
        return torch.cat(means, dim=1).log1p()

    def forward(self, columns):
        """Compute what is added to the output.

        Parameters
        ----------
        columns : Tensor of shape (n_genes, 6 * n_tracks)
            What `columns` returned.

        Returns
        -------
        output : Tensor of shape (n_genes, n_outputs)
            Of the linear map.
        """
        return self.linear((columns - self.mean) / self.scale)


def _mean_of_bins(signal, absent):
    """Mean over the bins that are there, (n, n_tracks)."""
    there = ~absent[..., None]
    return (signal * there).sum(dim=1) / there.sum(dim=1)
