"""What the site adds to pages that it reads: headings between parameters, links to messages."""

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

# The first parameter of each group of the estimators' parameters, its heading, and a line on it.
PARAMETER_GROUPS = {
    "bin_sizes": ("Size of the network", "The defaults are the paper's; small_data() has others."),
    "lr": ("Training", "How weights are changed, and for how long."),
    "early_stopping": ("Validation", "When training stops by itself."),
    "linear_skip": ("Target and loss", "What is predicted, and how errors count."),
    "warm_start": ("Beginning", "Where training begins, and what it leaves as it is."),
    "callbacks": ("skorch", "What is handed to the skorch net that trains."),
    "device": ("Running", "Where it runs, from which seed, and what it prints."),
}


class GroupParameters(SphinxTransform):
    """Put a heading before each group of an estimator's parameters."""

    default_priority = 700

    def apply(self):
        """Change the first list that has the first parameter of each group."""
        for items in self.document.findall(nodes.definition_list):
            terms = {_name_of(item): item for item in items}
            if terms.keys() >= PARAMETER_GROUPS.keys():
                for first, (heading, line) in PARAMETER_GROUPS.items():
                    items.insert(items.index(terms[first]), _heading(heading, line))
                return


def _name_of(item):
    return next(iter(item.findall(nodes.strong)), nodes.Text("")).astext()


def _heading(heading, line):
    term = nodes.term("", heading, classes=["parameter-group"])
    return nodes.definition_list_item("", term, nodes.definition("", nodes.paragraph("", line)))


class AnchorMessages(SphinxTransform):
    """Give each message on the page of messages an anchor and a place in index and search.

    Under a heading of that page, the first paragraph holds messages alone, as literals.
    """

    default_priority = 700
    page = "guide/troubleshooting"

    def apply(self):
        """Change the page of messages."""
        if self.env.docname != self.page:
            return
        for section in self.document.findall(nodes.section):
            for message in _messages_of(section):
                text = message.astext()
                message["ids"].append(nodes.make_id(f"message {text}"))
                entry = ("single", f"messages; {text}", message["ids"][0], "", None)
                message.parent.insert(0, addnodes.index(entries=[entry]))


def _messages_of(section):
    """Return the literals of the first paragraph, if it holds nothing else."""
    first = section[1] if len(section) > 1 else None
    if not isinstance(first, nodes.paragraph):
        return []
    literals = [node for node in first if isinstance(node, nodes.literal)]
    rest = [node.astext() for node in first if not isinstance(node, nodes.literal)]
    return literals if all(text.strip() == "," for text in rest) else []
