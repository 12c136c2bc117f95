"""How the site is built: ``make docs``."""

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]

import figures  # noqa: E402
import inventories  # noqa: E402
import public_names  # noqa: E402
import site_parts  # noqa: E402

from skchromo import __version__  # noqa: E402

project = "skchromo"
author = copyright = "The skchromo developers"
version = release = __version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinxext.opengraph",
]
exclude_patterns = ["_build", "generated/examples/*.py", "**/GALLERY_HEADER.rst"]
templates_path = ["_templates"]
default_role = "literal"

# Both write below docs/generated, which is not kept.
public_names.write_pages(DOCS / "generated")
figures.draw_all(DOCS / "generated")

autosummary_filename_map = public_names.file_names()
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# References to skchromo must lead somewhere; others do where an inventory was fetched.
nitpicky = True
nitpick_ignore_regex = [("py:.*", public_names.foreign_names())]
intersphinx_mapping = inventories.fetch(
    {
        "python": "https://docs.python.org/3/",
        "sklearn": "https://scikit-learn.org/stable/",
        "numpy": "https://numpy.org/doc/stable/",
        "scipy": "https://docs.scipy.org/doc/scipy/",
        "pandas": "https://pandas.pydata.org/docs/",
        "matplotlib": "https://matplotlib.org/stable/",
        "torch": "https://docs.pytorch.org/docs/stable/",
        "joblib": "https://joblib.readthedocs.io/en/stable/",
        "skorch": "https://skorch.readthedocs.io/en/stable/",
    },
    DOCS / "_build" / "inventories",
)

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "generated/examples",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skchromo",),
    "filename_pattern": r"plot_",
    "within_subsection_order": "gallery_order.ByQuestion",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    # what a cell prints, and not what its last line returns
    "capture_repr": (),
    # wide enough for the start page
    "thumbnail_size": (800, 560),
}

html_theme = "pydata_sphinx_theme"
html_title = f"skchromo {release}"
html_favicon = html_logo = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "logo": {"text": project},
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
    "navigation_with_keys": False,
}
html_sidebars = {"index": [], "install": [], "formats": [], "reliability": [], "changes": []}
html_show_sourcelink = False

# Previews of links: title, first words and this picture. Read the Docs gives the address.
ogp_image = "_static/gene.png"
ogp_image_alt = "A gene with its contacts, its tracks, and their effects on the prediction"


def skip_foreign(app, what, name, member, skip, options):
    """Leave out members that classes inherit from other packages."""
    home = getattr(member, "__module__", None)
    return True if home and not home.startswith("skchromo") else None


def setup(app):
    """Connect the functions that Sphinx calls."""
    app.connect("autodoc-skip-member", skip_foreign)
    app.add_transform(site_parts.GroupParameters)
    app.add_transform(site_parts.AnchorMessages)
