"""One limit as requests meet it: its key, its store, and what it tells the client.

The middleware and the decorator are made of it.
"""

from collections.abc import Awaitable, Callable
from typing import Final, Literal, TypedDict, final
from weakref import WeakKeyDictionary

from treadle_limits._core.decision import Decision, strictest
from treadle_limits._core.fields import check_name, policy_item, policy_names, state_item
from treadle_limits._core.gcra import check_cost
from treadle_limits._core.keys import MOST_OF_KEY, bounded_key
from treadle_limits._core.rate import AnyRates, as_rates
from treadle_limits._limiter.limiter import Limiter
from treadle_limits._stores.interfaces import Store
from treadle_responses import HTTPException, StreamResponse
from treadle_server import Application, Request

from .fields import mark, note, refusal
from .keys import Key, by_address, settled
from .stores import store_of

__all__ = ["AppliedLimit", "LimitOptions"]


class LimitOptions(TypedDict, total=False):
    """The options of a limit in an application.

    ``key`` is a function from a request to the text that is counted, or to None for a request that
    is not limited; async or not, by default ``by_address()``. ``store`` is by default that of
    ``setup``. ``cost`` is the hits that one request counts for. ``fail`` says what becomes of
    requests while the store is not there: ``"open"`` lets them pass, ``"closed"`` answers 503; so
    does a store that takes longer than ``timeout`` seconds. ``name`` is the name of the limit in
    the fields of responses. ``fields=False`` leaves those out, but for ``Retry-After``.
    """

    key: Key
    store: Store | None
    cost: int
    fail: Literal["open", "closed"]
    timeout: float
    name: str
    fields: bool


_DEFAULT_KEY: Final = by_address()


@final
class AppliedLimit:
    """A limit of requests; ``stored`` is its name in the store."""

    def __init__(
        self,
        rate: AnyRates,
        stored: str | None = None,
        *,
        key: Key = _DEFAULT_KEY,
        store: Store | None = None,
        cost: int = 1,
        fail: Literal["open", "closed"] = "open",
        timeout: float = 0.5,
        name: str = "default",
        fields: bool = True,
    ) -> None:
        if not callable(key):
            raise TypeError(f"key is a function from a request to a text, not {key!r}")
        rates = as_rates(rate)
        check_cost(rates, cost)
        names = policy_names(check_name(name), len(rates))
        self._names: Final = names
        self._policy: Final = ", ".join(map(policy_item, names, rates)) if fields else ""
        self._key: Final = key
        self._cost: Final = cost
        stored = name if stored is None else bounded_key(stored)[:MOST_OF_KEY]

        def make(found: Store | None) -> Limiter:
            return Limiter(rates, found, name=stored, fail=fail, timeout=timeout)

        self._make: Final[Callable[[Store | None], Limiter]] = make
        # With a store of its own there is one limiter for all applications; the options are
        # checked here, where they are given.
        own = make(store)
        self._own: Final = None if store is None else own
        self._limiters: Final[WeakKeyDictionary[Application, Limiter]] = WeakKeyDictionary()

    async def around(
        self, request: Request, answer: Callable[[], Awaitable[StreamResponse]]
    ) -> StreamResponse:
        """Count ``request``, call ``answer`` if it passes, and return what it returns.

        Raises ``HTTPTooManyRequests`` or ``HTTPServiceUnavailable`` if it does not pass.
        """
        # One coroutine for a key and a store that need none: bench:limits.
        key = self._key(request)
        if type(key) is not str:
            key = await settled(key)
        if key is not None:
            limiter = self._limiter(request)
            decisions = limiter.hit_at_once(key, self._cost)
            if decisions is None:
                decisions = await limiter.hit_each(key, self._cost)
            self._tell(request, decisions)
        try:
            response = await answer()
        except HTTPException as error:
            mark(request, error)
            raise
        if isinstance(response, StreamResponse):
            mark(request, response)
        return response

    def _tell(self, request: Request, decisions: tuple[Decision, ...]) -> None:
        """Note the decisions for the answer, and raise it if there is a refusal."""
        worst = strictest(decisions)
        if self._policy and worst.counted:
            if len(decisions) == 1:
                state = state_item(self._names[0], worst)
            else:
                state = ", ".join(map(state_item, self._names, decisions))
            note(request, self._policy, state)
        if not worst.allowed:
            raise refusal(request, worst)

    def _limiter(self, request: Request) -> Limiter:
        if self._own is not None:
            return self._own
        app = request.app
        limiter = self._limiters.get(app)
        if limiter is None:
            limiter = self._limiters[app] = self._make(store_of(request))
        return limiter
