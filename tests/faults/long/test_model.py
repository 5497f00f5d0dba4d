"""Steps in any order, with crashes and repeated messages among them: the app stays what the model says it is."""

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.exhaustive import IS_FULL
from tests.faults.lab.lab import Lab
from tests.faults.lab.model import Machine, World
from tests.faults.lab.report import IS_RELEASE, SEED, Budget, tell, tell_progress

_EXAMPLES = 2000 if IS_RELEASE else 200
_STEPS = 50


@pytest.mark.timeout(8 * 3600)
def test_the_app_is_what_the_model_says(lab: Lab) -> None:
    world = World(lab, Budget.of("model"))
    kind = seed(SEED)(type("Example", (Machine,), {"world": world}))
    try:
        run_state_machine_as_test(
            kind,
            settings=settings(
                max_examples=_EXAMPLES,
                stateful_step_count=_STEPS,
                deadline=None,
                database=None,
                derandomize=False,
                print_blob=True,
                phases=(Phase.generate, Phase.shrink) if IS_FULL else (Phase.generate,),
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        lab.microsoft.world.clear_faults()
        tell_progress("model", world.examples, _EXAMPLES, world.budget)
        tell(f"  {world.steps} steps")
    assert world.examples
