"""The person of a device, and the End User of its asset. Pure.

Intune's primary user may be whoever set the device up. Where that is likely, Intune is asked for this one device.
Source: https://learn.microsoft.com/graph/api/intune-devices-manageddevice-get
"""

from typing import NamedTuple

from integrations.domain.assets.asset import Asset, AssetAssignment, AssignedBy, assigned
from integrations.domain.assets.devices.fleet import DeviceRecord
from integrations.domain.assets.devices.names import is_server_system
from integrations.domain.assets.devices.records import IntuneDevice
from integrations.domain.assets.inputs import AccountUse, AssetInputs, Assignee, DevicePerson
from integrations.domain.assets.links import AssetFinding
from integrations.domain.assets.reasons import NoEndUserReason
from integrations.domain.ids import EndUserId, OrganizationId

_SHARED_PROFILES = frozenset({"Shared", "Printer", "IoT"})
_WITHOUT_PERSON = frozenset({"windowsBulkUserless", "appleBulkWithoutUser", "windowsAzureADJoinUsingDeviceAuth"})
BY_MANAGER = "deviceEnrollmentManager"
_IN_BULK = "windowsBulk"


class PersonOfDevice(NamedTuple):
    """The object id of a device's person, or why there is none."""

    object_id: str | None
    reason: NoEndUserReason | None = None


class PersonOfAsset(NamedTuple):
    """The End User that an asset should have, or why there is none; ``object_id`` is the device's person.

    With OTHER_ORGANIZATION ``end_user_id`` is that of the other one.
    """

    object_id: str | None = None
    end_user_id: EndUserId | None = None
    reason: NoEndUserReason | None = None


def person_of_device(record: DeviceRecord) -> PersonOfDevice:
    """Whom Microsoft says a device belongs to."""
    directory, managed = record.directory, record.intune
    if record.is_server:
        return PersonOfDevice(None, NoEndUserReason.SERVER)
    if directory and directory.profile in _SHARED_PROFILES:
        return PersonOfDevice(None, NoEndUserReason.SHARED)
    if managed:
        return _primary_user(managed, directory.owner_id if directory else None)
    owner_id = directory.owner_id if directory else None
    return PersonOfDevice(owner_id, None if owner_id else NoEndUserReason.NO_PERSON)


def needs_verification(managed: IntuneDevice, owner_id: str | None) -> bool:
    """Whether Intune has to be asked who uses this device, since its list may name whoever set it up."""
    if managed.verified_user_ids is not None or not managed.user_id or _is_without_person(managed):
        return False
    return (owner_id or managed.user_id) != managed.user_id or (managed.enrollment or "").startswith(_IN_BULK)


def in_question(managed: IntuneDevice, owner_id: str | None) -> bool:
    """Whether Intune is asked who uses this device; those of an enrollment manager may have got a user since."""
    if is_server_system(managed.system):
        return False
    return needs_verification(managed, owner_id) or (managed.enrollment == BY_MANAGER and bool(managed.user_id))


def _is_without_person(managed: IntuneDevice) -> bool:
    return managed.enrollment in _WITHOUT_PERSON or managed.enrollment == BY_MANAGER


def _primary_user(managed: IntuneDevice, owner_id: str | None) -> PersonOfDevice:
    if managed.enrollment == BY_MANAGER:
        others = [it for it in managed.verified_user_ids or () if it != managed.user_id]
        return PersonOfDevice(others[0]) if len(others) == 1 else PersonOfDevice(None, NoEndUserReason.NOT_A_PERSON)
    if managed.enrollment in _WITHOUT_PERSON:
        return PersonOfDevice(None, NoEndUserReason.SHARED)
    if needs_verification(managed, owner_id):
        return PersonOfDevice(None, NoEndUserReason.NOT_VERIFIED)
    listed = [managed.user_id] if managed.user_id else []
    users = listed if managed.verified_user_ids is None else managed.verified_user_ids
    return PersonOfDevice(users[0]) if len(users) == 1 else PersonOfDevice(None, NoEndUserReason.SHARED)


def person_of_asset(inputs: AssetInputs, asset: Asset, record: DeviceRecord) -> PersonOfAsset:
    """The End User of the asset's own Organization whom its device belongs to."""
    if asset.is_shared:
        return PersonOfAsset(reason=NoEndUserReason.SHARED)
    object_id, reason = person_of_device(record)
    if object_id is None:
        return PersonOfAsset(reason=reason)
    person = inputs.people.get(object_id, DevicePerson())
    if person.use is not AccountUse.PERSON:
        return PersonOfAsset(object_id, reason=NoEndUserReason.NOT_A_PERSON)
    reason = _reason_against(inputs.end_users.get(person.end_user_id or EndUserId("")), asset.organization_id)
    is_somebody = reason in {None, NoEndUserReason.OTHER_ORGANIZATION}
    return PersonOfAsset(object_id, person.end_user_id if is_somebody else None, reason)


def _reason_against(end_user: Assignee | None, organization_id: OrganizationId) -> NoEndUserReason | None:
    """Why an End User does not get an asset of an Organization."""
    if end_user is None:
        return NoEndUserReason.NO_END_USER
    if not end_user.is_active:
        return NoEndUserReason.INACTIVE
    return None if end_user.organization_id == organization_id else NoEndUserReason.OTHER_ORGANIZATION


def is_by_hand(inputs: AssetInputs, assignment: AssetAssignment | None) -> bool:
    """Whether a person's assignment stands, whatever Microsoft says."""
    is_manual = assignment is not None and assignment.by is AssignedBy.MANUAL
    return is_manual and not inputs.settings.override_manual


def new_assignment(
    inputs: AssetInputs, before: AssetAssignment | None, person: PersonOfAsset
) -> AssetAssignment | None:
    """The asset's assignment, if it changes: to the device's person, and never to nobody."""
    if person.end_user_id is None or person.reason or is_by_hand(inputs, before):
        return None
    if before and before.end_user_id == person.end_user_id:
        return None
    return assigned(before, person.end_user_id, AssignedBy.MICROSOFT, inputs.as_of)


def findings(
    inputs: AssetInputs, asset: Asset, assignment: AssetAssignment | None, person: PersonOfAsset
) -> list[AssetFinding]:
    """What is worth knowing about the End User that an asset has."""
    if assignment is None or assignment.end_user_id is None:
        return []
    end_user = inputs.end_users.get(assignment.end_user_id)
    is_other = person.end_user_id not in {None, assignment.end_user_id} and not person.reason
    holds = (
        (AssetFinding.DIFFERS, is_other and is_by_hand(inputs, assignment)),
        (AssetFinding.INACTIVE, end_user is None or not end_user.is_active),
        (AssetFinding.ELSEWHERE, end_user is not None and end_user.organization_id != asset.organization_id),
    )
    return [it for it, is_so in holds if is_so]
