"""How the simulated cloud behaves. What Microsoft does not document for certain is a switch."""

from dataclasses import dataclass, field


@dataclass
class Switches:
    """Times are seconds. The default of each is what Microsoft does today, as far as we know."""

    # Time.
    clock_offset_s: float = 0.0
    latency_s: float = 0.0
    propagation_s: float = 0.0
    """How long a consent, or a change of it, takes to show in newly issued tokens."""
    propagation_shows: str = "700016"
    """What a token request meets meanwhile: the code 700016, 7000229 or 65001, or "roles": a token without them."""
    access_token_life_s: int | None = None
    """None: 60 to 90 minutes at random, as Microsoft does."""

    # Tokens and sign-in.
    wids_claim: bool = False
    acct_claim: bool = True
    declined_consent: str = "access_denied"
    """The error word when an administrator declines: access_denied, consent_required or permission_denied."""
    error_with_admin_consent: bool = False
    """Whether a failed admin consent comes back with ``admin_consent=True`` beside its error."""

    # Partners.
    unconsented_customer: str = "65001"
    """What a partner's token request for a customer meets before consent: 65001, 90099 or 700016."""
    partner_center_mfa: bool = True
    """Whether Partner Center refuses tokens without MFA; it reports it on demand (ValidateMfa) either way."""
    consent_exists_status: int = 409
    """With which status Partner Center says "Permission entry already exists": 409 or 400."""
    customers_page_size: int = 500
    relationships_page_size: int = 300

    # Pages and deltas.
    users_page_size: int = 100
    devices_page_size: int = 100
    delta_page_size: int = 200
    sign_in_activity_page_size: int = 120
    delta_token_life_s: float = 7 * 86400.0
    empty_first_page: bool = False
    """Lists and deltas begin with an empty page that has a next link, which is legal."""
    delta_replays: bool = False
    """Each delta page begins with the last item of the page before it, which is legal too."""
    most_on_a_page: int = 999
    """Pages may be smaller than $top."""
    list_replays: bool = False
    """Each page of a list begins with the last item of the page before it: something moved while it was read."""
    lists_backwards: bool = False
    """Lists have no order that anybody promised; each can come in another one than the last."""
    delta_licence_states: bool = True
    page_size_error: str = "Request_UnsupportedQuery"

    # What is shown, and to whom.
    memberof_hidden: bool = False
    """A token without a right to read roles sees role objects with null properties."""
    organization_reduced: bool = True
    """With User.Read alone, the organization shows its names and domains only."""
    subscribed_skus_options: str = "refuse"
    """What query options other than $select do there: refuse or ignore."""
    owned_by_removes_itself: bool = False
    """Whether Application.ReadWrite.OwnedBy lets an app delete its own service principal, which nobody owns."""
    consent_deletion_leaves_principal: bool = True
    """Whether Partner Center's deletion of a consent takes the delegated grants only: the service principal stays,
    with every application permission that was assigned to it."""
    consent_deletion_status: int = 200
    """With which status it says so: 200 as documented; 201 is documented too, 204 has been seen."""
    removal_propagation_s: float = 0.0
    """How long an application permission that was taken away still shows in newly issued tokens."""
    tokens_outlive_removal: bool = True
    """Whether tokens still work in Graph after the service principal is gone."""

    # Data sets with licences and pages of their own.
    unlicensed_conditional_access: str = "denied"
    """How Conditional Access answers a tenant without Entra ID P1: denied, or empty."""
    unlicensed_role_management: str = "403"
    """The status with which role management refuses a tenant without Entra ID P2: 403 or 400."""
    role_management_page_size: int = 100
    per_user_mfa_state: str = "answered"
    """Lists of users and perUserMfaState, which is not documented there: answered, refused, denied, or missing."""
    registrations_page_size: int = 1000
    registrations_top: str = "heed"
    """What $top does to the registration report, whose own page does not name it: heed, ignore or refuse."""
    registrations_of_disabled: bool = False
    """Whether the registration report holds people who are switched off."""
    security_page_size: int = 100
    managed_devices_page_size: int = 1000
    intune_refusal: str = "403"
    """The status with which Intune refuses a caller without its rights: 403 or 401."""

    # Throttling.
    throttling: bool = True
    retry_after: str = "seconds"
    """The form of Retry-After: seconds, decimal, date, or absent."""
    units_per_10s: int = 0
    """Resource units of the directory in ten seconds, whatever the tenant's size; 0: as its size has it."""
    throttle_every: int = 0
    """Of how many requests of a tenant to each service one is throttled, parts of batches too; 0: by limits alone."""
    throttle_wait_s: int = 1
    """Retry-After of those."""
    limits: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Other limits of the other services: (units, window in seconds); see ``graph.throttle``."""
