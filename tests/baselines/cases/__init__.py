"""Cases of all controls."""

from tests.baselines.cases import eidsca, licenses, people, policies, requirements, settings

CASES = [*policies.CASES, *requirements.CASES, *settings.CASES, *people.CASES, *eidsca.CASES, *licenses.CASES]
