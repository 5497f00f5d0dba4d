"""All data sets a sync reads, in the order they are stored."""

from integrations.microsoft.dataset import Dataset
from integrations.microsoft.licenses import LICENSES
from integrations.microsoft.organization import ORGANIZATION
from integrations.microsoft.users import USERS

DATASETS: tuple[Dataset, ...] = (ORGANIZATION, USERS, LICENSES)
