"""The table of Entra's AADSTS codes and OAuth error codes, by what they mean for the caller.

It holds every code of Microsoft's published list, including those of flows that we do not use, and some that the list
leaves out. An AADSTS code takes precedence; the OAuth error counts only when no code is known.
Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from enum import Enum


class RefusalKind(Enum):
    """Why a sign-in was refused, by who can help."""

    CONSENT_MISSING = "consent_missing"
    ADMINISTRATOR_NEEDED = "administrator_needed"
    DECLINED = "declined"
    APP_NOT_FOUND = "app_not_found"
    APP_DISABLED = "app_disabled"
    OUR_CREDENTIAL = "our_credential"
    OUR_REQUEST = "our_request"
    MFA = "mfa"
    POLICY = "policy"
    CROSS_TENANT = "cross_tenant"
    RISK = "risk"
    NOT_ASSIGNED = "not_assigned"
    GRANT_EXPIRED = "grant_expired"
    CODE_UNUSABLE = "code_unusable"
    ACCOUNT_UNUSABLE = "account_unusable"
    USER_UNSUITABLE = "user_unsuitable"
    IDENTITY_PROVIDER = "identity_provider"
    TENANT_NOT_FOUND = "tenant_not_found"
    RESOURCE_MISSING = "resource_missing"
    WRONG_CLOUD = "wrong_cloud"
    TRANSIENT = "passing"
    THROTTLED = "throttled"
    OTHER = "other"


_CODES: dict[RefusalKind, tuple[int, ...]] = {
    RefusalKind.CONSENT_MISSING: (65001, 90008, 90099, 9002341),
    RefusalKind.ADMINISTRATOR_NEEDED: (90093, 90094, 90095),
    RefusalKind.DECLINED: (65004,),
    RefusalKind.APP_NOT_FOUND: (700011, 700016, 7000229),
    RefusalKind.APP_DISABLED: (70001, 1000031, 7000112),
    RefusalKind.OUR_CREDENTIAL: (
        50003, 50006, 50012, 50013, 50027, 50032, 50048, 50146, 70002, 500133, 700021, 700023, 700024, 700025, 700027,
        700030, 700229, 7000214, 7000215, 7000218, 7000222,
    ),
    # Malformed requests, and requests that our app registration does not allow.
    RefusalKind.OUR_REQUEST: (
        28002, 28003, 50010, 50011, 50049, 50050, 50061, 50068, 50070, 50071, 50124, 50147, 50194, 51001, 65002, 65005,
        67003, 70003, 70004, 70005, 70007, 70011, 75001, 75003, 75005, 75008, 75011, 75016, 76021, 76026, 90004, 90005,
        90007, 90009, 90010, 90013, 90014, 90015, 90016, 90023, 90027, 90056, 90100, 90101, 90102, 90107, 90114,
        90117, 90119, 90121, 90124, 90130, 100007, 140000, 165900, 221000, 240002, 501241, 501461, 501481, 501491,
        650057, 700005, 700022, 700054, 750054, 900144, 900236, 900384, 900561, 900971, 901002, 7000114, 7500514,
        7500529, 9001023, 9002313, 9002332,
    ),
    RefusalKind.MFA: (50072, 50074, 50076, 50078, 50079, 50086, 50158, 500121),
    # Conditional Access with its requirements for devices, and security defaults.
    RefusalKind.POLICY: (
        50005, 50097, 50127, 50129, 50131, 50155, 50187, 53000, 53001, 53002, 53003, 53004, 53009, 53010, 130007,
        130008, 135011, 240001, 530003, 530004, 530032, 530035,
    ),
    RefusalKind.CROSS_TENANT: (50002, 500021, 500022, 500212, 500213),
    RefusalKind.RISK: (50135, 53011, 530034),
    RefusalKind.NOT_ASSIGNED: (50105,),
    RefusalKind.GRANT_EXPIRED: (50085, 50139, 50173, 70008, 70043, 90086, 700020, 700082, 700084),
    RefusalKind.CODE_UNUSABLE: (
        16001, 16002, 50058, 50089, 50099, 50132, 50133, 50134, 50136, 50140, 50143, 50168, 50192, 50197, 50199, 51006,
        54005, 70000, 70016, 70018, 70019, 90120, 140001, 160021, 1000002,
    ),
    RefusalKind.ACCOUNT_UNUSABLE: (
        50015, 50053, 50055, 50056, 50057, 50064, 50125, 50126, 50144, 54000, 80012, 120000, 120002, 120003, 120004,
        120005, 120008, 120011, 120012, 120013, 120014, 120015, 120016, 120018, 120020, 120021, 130004, 130005, 130006,
        135010,
    ),
    RefusalKind.USER_UNSUITABLE: (
        16000, 16003, 50014, 50020, 50034, 50177, 50178, 51004, 90072, 90084, 90125, 90126, 500208, 1000000,
    ),
    # Federated sign-in, by the organization's own identity provider or by another one.
    RefusalKind.IDENTITY_PROVIDER: (
        17003, 20001, 20012, 20033, 40008, 40009, 40015, 50007, 50008, 50017, 50029, 50042, 50043, 50107, 50120, 50161,
        50169, 50170, 50180, 80001, 80002, 80005, 80007, 80010, 80013, 80014, 81004, 81005, 81006, 81007, 81009, 81010,
        81011, 81012, 90020, 90022, 90081, 90082, 90085, 90087, 90123, 220501, 5000819,
    ),
    RefusalKind.TENANT_NOT_FOUND: (50059, 50128, 90002, 90019, 900023, 5000224),
    RefusalKind.RESOURCE_MISSING: (50001, 500011, 500014, 650052, 650054, 650056),
    RefusalKind.WRONG_CLOUD: (90038, 90043, 90051, 900382, 900432, 1000104),
    # 650051: a concurrent consent is being processed; it is there a moment later.
    RefusalKind.TRANSIENT: (
        40010, 50000, 50033, 50087, 50088, 50166, 50196, 51005, 70012, 90006, 90012, 90024, 90033, 90090, 90091, 230109,
        501621, 650051,
    ),
    RefusalKind.THROTTLED: (90055,),
    RefusalKind.OTHER: (51000, 52004, 90036, 90092, 165004, 220450),
}  # fmt: skip
KIND_OF_CODE = {code: kind for kind, codes in _CODES.items() for code in codes}
KIND_OF_OAUTH_ERROR = {
    "invalid_client": RefusalKind.OUR_CREDENTIAL,
    "invalid_tenant": RefusalKind.TENANT_NOT_FOUND,
    "invalid_resource": RefusalKind.RESOURCE_MISSING,
    "access_denied": RefusalKind.DECLINED,
    "permission_denied": RefusalKind.DECLINED,
    "consent_required": RefusalKind.CONSENT_MISSING,
    "temporarily_unavailable": RefusalKind.TRANSIENT,
    "server_error": RefusalKind.TRANSIENT,
}
