"""Client of Makegood: credits, refunds of failed generations, and refund requests."""

from .client import AsyncMakegood, Makegood
from .generated import models
from .generation import AsyncGeneration, Generation
from .problems import ProblemError
from .retries import Retries

__all__ = [
    "AsyncGeneration",
    "AsyncMakegood",
    "Generation",
    "Makegood",
    "ProblemError",
    "Retries",
    "models",
]
