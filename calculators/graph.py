"""Resolves quantities by argument name.

One function computes one quantity and is named after it; its arguments are the ids of the parameters and quantities it
needs. A value that is given replaces the function of that name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Unknown:
    """A value that cannot be had, with the message that says why. Never 0, never NaN."""

    message: str
    slots: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Quantity:
    """A function of the graph with the unit of what it returns."""

    name: str
    unit: str
    function: Callable[..., Any]
    needs: tuple[str, ...]
    # Id of the quantity that gives the multiplicative half-width of the interval to show.
    spread: str | None
    takes_unknown: bool


def quantity(unit: str, *, spread: str | None = None, takes_unknown: bool = False) -> Callable[[Any], Any]:
    """Marks a function as the quantity of its name. `takes_unknown`: it is called even if an argument is unknown."""

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        needs = tuple(inspect.signature(function).parameters)
        function.quantity = Quantity(function.__name__, unit, function, needs, spread, takes_unknown)  # type: ignore[attr-defined]
        return function

    return mark


class Graph:
    """All quantities of some modules, by name."""

    def __init__(self, modules: Iterable[ModuleType]) -> None:
        self.quantities: dict[str, Quantity] = {}
        for module in modules:
            for member in vars(module).values():
                found = getattr(member, "quantity", None)
                if isinstance(found, Quantity):
                    if found.name in self.quantities:
                        raise ValueError(f"two functions compute {found.name}")
                    self.quantities[found.name] = found

    def plan(self, wanted: Iterable[str], given: Iterable[str]) -> tuple[Quantity, ...]:
        """The quantities to compute for `wanted`, each after what it needs.

        Raises ValueError for a name that is neither given nor computed, and for a circle.
        """
        known = set(given)
        order: list[Quantity] = []
        open_names: list[str] = []

        def visit(name: str) -> None:
            if name in known:
                return
            if name in open_names:
                raise ValueError("circle: " + " -> ".join([*open_names, name]))
            if name not in self.quantities:
                raise ValueError(f"nothing computes {name}, needed by {open_names[-1] if open_names else 'the caller'}")
            open_names.append(name)
            for need in self.quantities[name].needs:
                visit(need)
            open_names.pop()
            known.add(name)
            order.append(self.quantities[name])

        for name in wanted:
            visit(name)
        return tuple(order)

    def after(self, plan: Iterable[Quantity], changed: Iterable[str]) -> tuple[Quantity, ...]:
        """The part of a plan that has to run again when these names have other values."""
        touched, found = set(changed), []
        for q in plan:
            if not touched.isdisjoint(q.needs):
                touched.add(q.name)
                found.append(q)
        return tuple(found)

    def run(self, plan: Iterable[Quantity], given: Mapping[str, Any]) -> dict[str, Any]:
        """Values of the plan's quantities beside the given ones. An unknown argument makes the result unknown."""
        values = dict(given)
        for q in plan:
            arguments = [values[need] for need in q.needs]
            unknown = None if q.takes_unknown else next((a for a in arguments if isinstance(a, Unknown)), None)
            values[q.name] = unknown if unknown is not None else q.function(*arguments)
        return values
