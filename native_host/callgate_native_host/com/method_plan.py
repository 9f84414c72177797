"""A method, compiled, as it is called on one object."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from callgate_native_host.plan import FunctionPlan
from callgate_native_host.scope import Scope
from callgate_protocol.errors import Fault

if TYPE_CHECKING:
    from callgate_protocol.error_info import ErrorInfo

    from .error_objects import ErrorObjects

__all__ = ["MethodPlan"]


class MethodPlan(FunctionPlan):
    """As a function's, but that a failure may have left more than a code (R11.10)."""

    _take: Callable[[], ErrorInfo] | None = None

    def told_by(self, errors: ErrorObjects, identity: int, iid: str) -> MethodPlan:
        """Make it the plan for an object whose failures may be told by the error of the thread.

        What an earlier call has left is taken away first: some methods leave an error and succeed.
        """
        function = self.function

        def call(*natives: Any) -> Any:
            errors.clear()
            return function(*natives)

        self.function = call
        self._take = lambda: errors.take(identity, iid)
        return self

    def _failure(self, result: int, natives: Sequence[Any], scope: Scope) -> Fault:
        told = self._take().as_details() if self._take is not None else {}  # before anything else is called
        failure = super()._failure(result, natives, scope)
        failure.details.update(told)
        return failure
