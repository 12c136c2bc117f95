"""Layers that run once for all bin sizes: their weights carry a leading axis of scales."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def scale_linear(x, weight, bias=None):
    """Apply one linear map per bin size.

    Parameters
    ----------
    x : Tensor of shape (n_scales, n, d_in)
        Rows of each scale.
    weight : Tensor of shape (n_scales, d_out, d_in)
        Matrix of each scale.
    bias : Tensor of shape (n_scales, 1, d_out), default=None
        What is added to each row; None adds nothing.

    Returns
    -------
    y : Tensor of shape (n_scales, n, d_out)
        For each scale ``x @ weight.T + bias``.

    Examples
    --------
    >>> import torch
    >>> from skchromo.nn.layers import scale_linear
    >>> scale_linear(torch.ones(1, 5, 8), torch.ones(1, 4, 8)).shape
    torch.Size([1, 5, 4])
    """
    if torch.is_grad_enabled():
        return _ScaleLinear.apply(x, weight, bias)
    return _products(x, weight.transpose(1, 2), bias)


class _ScaleLinear(torch.autograd.Function):
    """Products of rows and weights, whose gradients come out in the weights' own layout."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return _products(x, weight.transpose(1, 2), bias)

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        grad_x = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_x = _products(grad, weight)
        if ctx.needs_input_grad[1]:
            grad_weight = _products(grad.transpose(1, 2), x)
        if ctx.needs_input_grad[2]:
            grad_bias = grad.sum(dim=1, keepdim=True)
        return grad_x, grad_weight, grad_bias


def _products(x, matrix, bias=None):
    """Product of each scale's rows and matrix, one scale after the other.

    One batched product of three matrices would keep two threads busy for four turns.
    """
    product = x.new_empty(*x.shape[:2], matrix.shape[2])
    for scale, out in enumerate(product):
        if bias is None:
            torch.mm(x[scale], matrix[scale], out=out)
        else:
            torch.addmm(bias[scale], x[scale], matrix[scale], out=out)
    return product


class ScaleLinear(nn.Module):
    """One linear layer per bin size.

    Parameters
    ----------
    n_scales : int
        Number of bin sizes.
    d_in, d_out : int
        Widths of input and output.
    bias : bool, default=True
        Whether each has a bias. Weights and biases start as those of ``torch.nn.Linear``:
        uniform within ``1 / sqrt(d_in)`` of 0.

    Examples
    --------
    >>> import torch
    >>> from skchromo.nn.layers import ScaleLinear
    >>> ScaleLinear(3, 8, 4)(torch.zeros(3, 5, 8)).shape
    torch.Size([3, 5, 4])
    """

    def __init__(self, n_scales, d_in, d_out, bias=True):
        super().__init__()
        bound = 1 / math.sqrt(d_in)
        self.weight = nn.Parameter(torch.empty(n_scales, d_out, d_in).uniform_(-bound, bound))
        self.bias = None
        if bias:
            self.bias = nn.Parameter(torch.empty(n_scales, 1, d_out).uniform_(-bound, bound))

    def forward(self, x, scale=None):
        """Apply to the rows of every scale, or to those of one scale.

        Parameters
        ----------
        x : Tensor of shape (n_scales, n, d_in), or (n, d_in) of one scale
            Rows of each scale.
        scale : int, default=None
            Number of the only scale that `x` belongs to.

        Returns
        -------
        y : Tensor of shape (n_scales, n, d_out), or (n, d_out) of one scale
            The products, with the bias added.
        """
        if scale is None:
            return scale_linear(x, self.weight, self.bias)
        bias = None if self.bias is None else self.bias[scale : scale + 1]
        return scale_linear(x[None], self.weight[scale : scale + 1], bias)[0]


class TrackProjection(ScaleLinear):
    """Linear layer per bin size from tracks to embeddings, which ignores padded columns.

    Features have columns of zeros behind the tracks, see :class:`Bins`.

    Parameters
    ----------
    n_scales, n_tracks, d_model : int
        Number of bin sizes and of tracks, width of the embeddings.

    Examples
    --------
    >>> import torch
    >>> from skchromo.nn.layers import TrackProjection
    >>> projection = TrackProjection(3, n_tracks=7, d_model=4)
    >>> projection.wide(8).shape
    torch.Size([3, 4, 8])
    >>> projection(torch.zeros(3, 5, 8)).shape
    torch.Size([3, 5, 4])
    """

    def __init__(self, n_scales, n_tracks, d_model):
        super().__init__(n_scales, n_tracks, d_model, bias=False)

    def wide(self, n_features):
        """Pad the weights to a column per feature.

        Parameters
        ----------
        n_features : int
            Number of tracks and columns of zeros behind them.

        Returns
        -------
        weight : Tensor of shape (n_scales, d_model, n_features)
            The weights of the tracks, then zeros.
        """
        return F.pad(self.weight, (0, n_features - self.weight.shape[2]))

    def forward(self, x, scale=None):
        """Project tracks; columns behind them are left out.

        Parameters
        ----------
        x : Tensor of shape (n_scales, n, n_features), or (n, n_features) of one scale
            Tracks, then any other columns.
        scale : int, default=None
            Number of the only scale that `x` belongs to.

        Returns
        -------
        y : Tensor of shape (n_scales, n, d_model), or (n, d_model) of one scale
            The embeddings.
        """
        return super().forward(x[..., : self.weight.shape[2]], scale)


class ScaleLayerNorm(nn.Module):
    """One layer normalisation per bin size, over the last axis.

    Parameters
    ----------
    n_scales : int
        Number of bin sizes.
    d : int
        Width of the last axis. Weights start at 1, biases at 0.

    Examples
    --------
    >>> import torch
    >>> from skchromo.nn.layers import ScaleLayerNorm
    >>> ScaleLayerNorm(1, 2)(torch.tensor([[[1.0, 3.0]]])).detach().round(decimals=2)
    tensor([[[-1.,  1.]]])
    """

    def __init__(self, n_scales, d):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_scales, 1, d))
        self.bias = nn.Parameter(torch.zeros(n_scales, 1, d))

    def forward(self, x, scale=None):
        """Normalise the rows of every scale, or those of one scale.

        Parameters
        ----------
        x : Tensor of shape (n_scales, ..., d), or (..., d) of one scale
            Rows of each scale.
        scale : int, default=None
            Number of the only scale that `x` belongs to.

        Returns
        -------
        y : Tensor of the shape of `x`
            The normalised rows.
        """
        if scale is None:
            shape = (len(x), *[1] * (x.ndim - 2), x.shape[-1])
            weight, bias = self.weight.view(shape), self.bias.view(shape)
        else:
            weight, bias = self.weight[scale, 0], self.bias[scale, 0]
        return torch.addcmul(bias, F.layer_norm(x, x.shape[-1:]), weight)


class FeedForward(nn.Module):
    """Two linear layers with ReLU between, residual and post-normalisation.

    Parameters
    ----------
    n_scales : int
        Number of bin sizes.
    d_model, d_ff : int
        Width of input and output, and of the hidden layer.
    dropout : float, default=0.0
        Rate on the hidden layer and on the residual.

    Examples
    --------
    >>> import torch
    >>> from skchromo.nn.layers import FeedForward
    >>> FeedForward(3, 8, 16)(torch.zeros(3, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(self, n_scales, d_model, d_ff, dropout=0.0):
        super().__init__()
        self.l1 = ScaleLinear(n_scales, d_model, d_ff)
        self.l2 = ScaleLinear(n_scales, d_ff, d_model)
        self.ln = ScaleLayerNorm(n_scales, d_model)
        self.dropout = dropout

    def forward(self, x, scale=None):
        """Update the rows of every scale, or those of one scale.

        Parameters
        ----------
        x : Tensor of shape (n_scales, n, d_model), or (n, d_model) of one scale
            Rows of each scale.
        scale : int, default=None
            Number of the only scale that `x` belongs to.

        Returns
        -------
        y : Tensor of the shape of `x`
            The updated rows.
        """
        hidden = F.dropout(F.relu(self.l1(x, scale)), self.dropout, self.training)
        return self.ln(x + F.dropout(self.l2(hidden, scale), self.dropout, self.training), scale)


def sinusoidal_positions(n_positions, d_model):
    """Make the fixed position encoding: sines in even columns, cosines in odd ones.

    Parameters
    ----------
    n_positions : int
        Number of rows.
    d_model : int
        Even.

    Returns
    -------
    positions : Tensor of shape (n_positions, d_model), float32
        Column pair k turns with frequency ``10000 ** (-2 k / d_model)`` per position
        (Vaswani et al. 2017, arXiv 1706.03762, section 3.5).

    Examples
    --------
    >>> from skchromo.nn.layers import sinusoidal_positions
    >>> sinusoidal_positions(2, 4)[0]
    tensor([0., 1., 0., 1.])
    """
    turns = torch.exp(-math.log(10000) * torch.arange(0, d_model, 2) / d_model)
    angles = torch.arange(n_positions)[:, None] * turns
    return torch.stack([angles.sin(), angles.cos()], dim=2).reshape(n_positions, d_model)
