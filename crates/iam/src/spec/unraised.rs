//! Why this server never answers some of the faults that AWS names for an operation. What several operations share stands
//! here, so that it is said in one way.

use claviger_model::Code;

/// A fault that AWS names for an operation, and why it is never answered here.
pub type Unraised = (Code, &'static str);

/// The operation adds nothing that is counted.
pub const NO_QUOTA: Unraised = (
    Code::LimitExceeded,
    "no quota counts what this operation does",
);

/// AWS answers it while a change is on its way to all of its regions.
pub const SEEN_AT_ONCE: Unraised = (
    Code::EntityTemporarilyUnmodifiable,
    "a change is seen by everyone as soon as it is answered",
);

/// AWS protects the roles that its services make.
pub const NO_SERVICE_LINKED_ROLES: Unraised = (
    Code::UnmodifiableEntity,
    "there are no service-linked roles, and no other role is protected",
);

/// AWS was seen to answer so where a policy is attached (2026), against its own reference. Why it should differ where a
/// policy is read or changed, nobody could say.
pub const ARN_IS_VALIDATED: Unraised = (
    Code::InvalidInput,
    "what is no resource name of a policy is a `ValidationError`, as AWS answers where one is attached",
);

/// The rules of the path stand in its type.
pub const PATH_IS_VALIDATED: Unraised = (
    Code::InvalidInput,
    "a path that breaks its rules is a `ValidationError`",
);

/// The rules of the serial number stand in its type.
pub const SERIAL_IS_VALIDATED: Unraised = (
    Code::InvalidInput,
    "a serial number that breaks its rules is a `ValidationError`, and one of no device is a `NoSuchEntity`",
);

/// The rules of tag keys stand in their type.
pub const TAG_KEYS_ARE_VALIDATED: Unraised = (
    Code::InvalidInput,
    "a tag key that breaks its rules is a `ValidationError`",
);

/// Evaluation is total: a policy that cannot be read is refused before.
pub const EVALUATION_IS_TOTAL: Unraised = (
    Code::PolicyEvaluation,
    "every policy that can be read has a verdict; one that cannot is an `InvalidInput`",
);

/// A request's region is a name and nothing more.
pub const REGIONS_ARE_ALL_SERVED: Unraised = (
    Code::RegionDisabled,
    "a server answers for every region that a request names",
);
