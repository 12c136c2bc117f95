"""Layers that run once for all bin sizes: their weights carry a leading axis of scales."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def scale_linear(x, weight, bias=None):
    """Apply one linear map per bin size: ``x @ weight.T + bias`` for each scale.

    Shapes: `x` (n_scales, n, d_in), `weight` (n_scales, d_out, d_in), `bias` (n_scales, 1, d_out).
    """
    if torch.is_autocast_enabled(x.device.type):
        kind = torch.get_autocast_dtype(x.device.type)
        x, weight, bias = (part if part is None else part.to(kind) for part in (x, weight, bias))
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


def _uniform(bound, *shape):
    """Draw float32 within `bound` of 0, whatever the default type of torch."""
    return torch.empty(shape, dtype=torch.float32).uniform_(-bound, bound)


class ScaleLinear(nn.Module):
    """One linear layer per bin size.

    Weights and biases start as in ``torch.nn.Linear``: uniform within ``1 / sqrt(d_in)`` of 0.
    """

    def __init__(self, n_scales, d_in, d_out, bias=True):
        super().__init__()
        bound = 1 / math.sqrt(d_in)
        self.weight = nn.Parameter(_uniform(bound, n_scales, d_out, d_in))
        self.bias = None
        if bias:
            self.bias = nn.Parameter(_uniform(bound, n_scales, 1, d_out))

    def forward(self, x, scale=None):
        """Apply to rows (n_scales, n, d_in), or to rows (n, d_in) of the scale of this number."""
        if scale is None:
            return scale_linear(x, self.weight, self.bias)
        bias = None if self.bias is None else self.bias[scale : scale + 1]
        return scale_linear(x[None], self.weight[scale : scale + 1], bias)[0]


class TrackProjection(ScaleLinear):
    """Linear layer per bin size from tracks to embeddings, which ignores padded columns.

    Features have columns of zeros behind the tracks, see :class:`Bins`.
    """

    def __init__(self, n_scales, n_tracks, d_model):
        super().__init__(n_scales, n_tracks, d_model, bias=False)

    def wide(self, n_features):
        """Pad the weights with zeros to a column per feature: (n_scales, d_model, n_features)."""
        return F.pad(self.weight, (0, n_features - self.weight.shape[2]))

    def forward(self, x, scale=None):
        """Project the tracks of rows as :meth:`ScaleLinear.forward`; leave further columns out."""
        return super().forward(x[..., : self.weight.shape[2]], scale)


class ScaleLayerNorm(nn.Module):
    """One layer normalisation per bin size, over the last axis, which is `d` wide."""

    def __init__(self, n_scales, d):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_scales, 1, d, dtype=torch.float32))
        self.bias = nn.Parameter(torch.zeros(n_scales, 1, d, dtype=torch.float32))

    def forward(self, x, scale=None):
        """Normalise rows (n_scales, ..., d), or rows (..., d) of the scale of this number."""
        if scale is None:
            shape = (len(x), *[1] * (x.ndim - 2), x.shape[-1])
            weight, bias = self.weight.view(shape), self.bias.view(shape)
        else:
            weight, bias = self.weight[scale, 0], self.bias[scale, 0]
        return torch.addcmul(bias, F.layer_norm(x, x.shape[-1:]), weight)


class FeedForward(nn.Module):
    """Two linear layers with ReLU between, residual and post-normalisation.

    `dropout` acts on the hidden layer and on the residual.
    """

    def __init__(self, n_scales, d_model, d_ff, dropout=0.0):
        super().__init__()
        self.l1 = ScaleLinear(n_scales, d_model, d_ff)
        self.l2 = ScaleLinear(n_scales, d_ff, d_model)
        self.ln = ScaleLayerNorm(n_scales, d_model)
        self.dropout = dropout

    def forward(self, x, scale=None):
        """Update rows (n_scales, n, d_model), or rows (n, d_model) of the scale of this number."""
        hidden = F.dropout(F.relu(self.l1(x, scale)), self.dropout, self.training)
        return self.ln(x + F.dropout(self.l2(hidden, scale), self.dropout, self.training), scale)


def sinusoidal_positions(n_positions, d_model):
    """Return the fixed position encoding, (n_positions, d_model): sines and cosines in turn.

    Column pair k turns with frequency ``10000 ** (-2 k / d_model)`` per position (Vaswani et al.
    2017, arXiv 1706.03762, section 3.5).
    """
    turns = torch.exp(-math.log(10000) * torch.arange(0, d_model, 2, dtype=torch.float32) / d_model)
    angles = torch.arange(n_positions)[:, None] * turns
    return torch.stack([angles.sin(), angles.cos()], dim=2).reshape(n_positions, d_model)
