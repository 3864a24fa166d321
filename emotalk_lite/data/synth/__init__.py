"""A synthetic corpus with truth: painted heads that speak CREMA-D's sentences, with exact landmarks and mouth opening.

Read in this order: `identity` (who), `geometry`, `light` and `paint` (the head, once a person), `speech` and `visemes` (what the
mouth does), `expression` (what the emotion does), `eyes` and `mouth` (drawn anew in each frame), `render` (a clip),
`corpus` (the folder). Everything is a pure function of (seed, actor, clip).
"""

from .corpus import synthesise

__all__ = ["synthesise"]
