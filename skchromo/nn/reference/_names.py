"""Names and shapes of the reference implementation's tensors, and their places in a network."""

import torch

from ..layers import RegionAttention


def _places_of(network):
    """Return where each tensor that the reference uses lies in a network.

    For each name there is a list of (parameter, number of the bin size within it): stacked along
    their first axis they make up the tensor. The number is None for the head.
    """
    places = {}

    def add(name, scale, *layers):
        places[f"{name}.weight"] = [(layer.weight, scale) for layer in layers]
        if layers[0].bias is not None:
            places[f"{name}.bias"] = [(layer.bias, scale) for layer in layers]

    def add_layer(name, scale, layer):
        add(f"{name}.self_att.ff", scale, layer.out)
        add(f"{name}.self_att.ln", scale, layer.ln)
        for part in ("l1", "l2", "ln"):
            add(f"{name}.ff.{part}", scale, getattr(layer.ff, part))

    for scale, bin_size in enumerate(network.bin_sizes):
        stage = f"embed.{bin_size}"
        add(f"{stage}.lin_proj", scale, network.embed.lin_proj)
        for i, layer in enumerate(network.embed.layers):
            name = f"{stage}.transformer.layers.{i}"
            add(f"{name}.self_att.att", scale, layer.query, layer.key, layer.value)
            add_layer(name, scale, layer)
        stage, pairwise = f"pairwise_interaction.{bin_size}", network.pairwise_interaction
        add(f"{stage}.lin_proj_p", scale, pairwise.lin_proj_p)
        add(f"{stage}.lin_proj_pcre", scale, pairwise.lin_proj_pcre)
        for i, layer in enumerate(pairwise.layers):
            name = f"{stage}.transformer.layers.{i}"
            add(f"{name}.self_att.p_att", scale, layer.query)
            add(f"{name}.self_att.c_att", scale, layer.key, layer.value)
            add_layer(name, scale, layer)
        for i, layer in enumerate(network.regulation.layers):
            name = f"regulation.{bin_size}.transformer.layers.{i}"
            add(f"{name}.self_att.att", scale, layer.att)
            places[f"{name}.self_att.gamma_f"] = [(layer.gamma, scale)]
            add_layer(name, scale, layer)
    for i in (0, 2):
        add(f"fc_head.{i}", None, network.fc_head[i])
    return places


def load_reference_state(network, state):
    """Copy a reference state dict into a network of the same sizes.

    Parameters
    ----------
    network : ChromoformerNetwork
        Its weights are replaced.
    state : mapping of str to Tensor
        Tensors that the reference never uses are ignored.

    Raises
    ------
    ValueError
        If a tensor is missing or has another shape.

    Examples
    --------
    >>> from skchromo.nn import ChromoformerNetwork, load_reference_state, reference_state
    >>> network = ChromoformerNetwork(n_tracks=7, n_positions=(20,), bin_sizes=(2000,))
    >>> twin = ChromoformerNetwork(n_tracks=7, n_positions=(20,), bin_sizes=(2000,))
    >>> load_reference_state(twin, reference_state(network))
    >>> bool((twin.fc_head[0].weight == network.fc_head[0].weight).all())
    True
    """
    with torch.no_grad():
        network.output_scale.fill_(1)
        for name, views in fitting_parts(network, state):
            for view, part in zip(views, state[name].split([len(view) for view in views])):
                view.copy_(part)


def fitting_parts(network, state):
    """Yield each used tensor's name and the parts of the network that it fills."""
    for name, parts in _places_of(network).items():
        if name not in state:
            raise ValueError(f"the checkpoint has no tensor {name}")
        views = [_view(parameter, scale, name) for parameter, scale in parts]
        n_rows = sum(len(view) for view in views)
        if state[name].shape != (n_rows, *views[0].shape[1:]):
            raise ValueError(
                f"the checkpoint's {name} has shape {tuple(state[name].shape)}, "
                f"the network needs {(n_rows, *views[0].shape[1:])}"
            )
        yield name, views


def reference_state(network):
    """Return a network's state dict in the reference's names and shapes.

    Parameters
    ----------
    network : ChromoformerNetwork
        Without a linear skip.

    Returns
    -------
    state : dict of str to Tensor
        On the CPU. The reference's own loader accepts it. Tensors that the reference never uses are
        at their initial values: ones for scales, else zeros. The head includes `output_scale`.

    Raises
    ------
    ValueError
        If the network has a linear skip.

    Examples
    --------
    >>> from skchromo.nn import ChromoformerNetwork, reference_state
    >>> network = ChromoformerNetwork(n_tracks=7, n_positions=(20,), bin_sizes=(2000,))
    >>> reference_state(network)["embed.2000.lin_proj.weight"].shape
    torch.Size([128, 7])
    """
    if network.skip is not None:
        raise ValueError(
            "linear_skip=True adds a part that the reference implementation does not have: a "
            "checkpoint in its format cannot hold this network; save() keeps it for skchromo"
        )
    state = {
        name: torch.cat(
            [_view(parameter, scale, name).detach().cpu() for parameter, scale in parts]
        )
        for name, parts in _places_of(network).items()
    }
    for name in ("fc_head.2.weight", "fc_head.2.bias"):
        state[name] *= network.output_scale.cpu()
    d_model = network.positions.shape[1]
    stages = {
        "embed": network.embed.layers,
        "pairwise_interaction": network.pairwise_interaction.layers,
        "regulation": network.regulation.layers,
    }
    for bin_size in network.bin_sizes:
        state[f"pairwise_interaction.{bin_size}.ln.weight"] = torch.ones(d_model)
        state[f"pairwise_interaction.{bin_size}.ln.bias"] = torch.zeros(d_model)
        for stage, layers in stages.items():
            for i, layer in enumerate(layers):
                attention = f"{stage}.{bin_size}.transformer.layers.{i}.self_att"
                if not isinstance(layer, RegionAttention):
                    state[f"{attention}.gamma_f"] = torch.ones(layer.n_heads)
                if stage != "pairwise_interaction":
                    state[f"{attention}.w_bias.weight"] = torch.zeros(layer.n_heads, 2)
    return state


def _view(parameter, scale, name):
    """One bin size's part of a parameter, in the shape of the reference's tensor.

    Biases and normalisations are kept as one-row matrices, as they are added to batches.
    """
    if scale is None:
        return parameter
    is_row = name.endswith((".bias", ".ln.weight"))
    return parameter[scale, 0] if is_row else parameter[scale]
