//! What messages say, in each language. The wording is here and nowhere else; what is told, and to whom, is a rule of the
//! domain.

use claviger_iam::notice::{Change, Credential};

/// A language that messages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// English.
    English,
    /// Chinese in simplified characters.
    Chinese,
}

/// What a fact of a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Account,
    User,
    Id,
    By,
    From,
    At,
}

impl Language {
    /// Those there are, by the tags that the configuration names them by.
    pub(crate) const ALL: [(&str, Self); 2] = [("en", Self::English), ("zh", Self::Chinese)];

    /// The tag that pages bear (BCP 47).
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-Hans",
        }
    }

    pub(super) fn name(self, name: Name) -> &'static str {
        match (self, name) {
            (Self::English, Name::Account) => "Account",
            (Self::English, Name::User) => "User",
            (Self::English, Name::Id) => "Which",
            (Self::English, Name::By) => "By",
            (Self::English, Name::From) => "From",
            (Self::English, Name::At) => "When",
            (Self::Chinese, Name::Account) => "账号",
            (Self::Chinese, Name::User) => "用户",
            (Self::Chinese, Name::Id) => "标识",
            (Self::Chinese, Name::By) => "操作者",
            (Self::Chinese, Name::From) => "来源地址",
            (Self::Chinese, Name::At) => "时间",
        }
    }

    /// What is said of the holder who is root.
    pub(super) fn root(self) -> &'static str {
        match self {
            Self::English => "root user",
            Self::Chinese => "根用户",
        }
    }

    pub(super) fn changed(self, credential: Credential, change: Change) -> String {
        match self {
            Self::English => english(credential, change),
            Self::Chinese => chinese(credential, change),
        }
    }

    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::English => {
                "If neither you nor somebody who may do this for you did it, change your password, look through your credentials, and tell whoever administers the account."
            }
            Self::Chinese => {
                "如果这不是您本人或有权代您操作的人所为，请立即修改密码，检查您的全部凭证，并联系账号管理员。"
            }
        }
    }

    pub(super) fn place(self, address: &str) -> String {
        match self {
            Self::English => format!("Your credentials: {address}/console/credentials"),
            Self::Chinese => format!("查看您的凭证：{address}/console/credentials"),
        }
    }

    pub(super) fn signature(self, product: &str, address: &str) -> String {
        match self {
            Self::English => format!(
                "{product} at {address} writes to whoever holds a credential when it changes. Nobody reads answers to this message."
            ),
            Self::Chinese => {
                format!("{product}（{address}）在您的凭证发生变化时自动发送此邮件，请勿回复。")
            }
        }
    }

    /// The subject of a message with a code.
    pub(super) fn code_subject(self) -> &'static str {
        match self {
            Self::English => "your code",
            Self::Chinese => "验证码",
        }
    }

    /// What a message with a code says; an SMS says nothing else.
    pub(super) fn code(self, code: &str, product: &str, minutes: u32) -> String {
        match self {
            Self::English => {
                format!("{code} is your code for {product}. It is good for {minutes} minutes.")
            }
            Self::Chinese => format!("{code} 是您的{product}验证码，{minutes}分钟内有效。"),
        }
    }

    pub(super) fn code_advice(self) -> &'static str {
        match self {
            Self::English => {
                "Tell it to nobody, whoever asks. If you did not ask for it, somebody has mistaken this address for their own: there is nothing that you need to do."
            }
            Self::Chinese => {
                "请勿将验证码告诉任何人。如果这不是您本人的操作，可能是他人误填了此地址，您无需进行任何操作。"
            }
        }
    }

    /// The subject of a message with a link that sets a password.
    pub(super) fn link_subject(self) -> &'static str {
        match self {
            Self::English => "set your password",
            Self::Chinese => "设置您的密码",
        }
    }

    /// What a message with such a link says.
    pub(super) fn link(self, product: &str, link: &str, days: u32) -> String {
        match self {
            Self::English => format!(
                "Set your password for {product} by this link: {link} It works once, within {days} days. A password that you have stays as it is until then."
            ),
            Self::Chinese => format!(
                "请通过此链接设置您的{product}登录密码：{link} 链接仅可使用一次，{days}天内有效。在此之前，原密码仍可使用。"
            ),
        }
    }

    pub(super) fn link_advice(self) -> &'static str {
        match self {
            Self::English => {
                "Give the link to nobody: whoever has it sets your password. If you did not expect it, tell whoever administers the account."
            }
            Self::Chinese => {
                "请勿将链接转发给任何人：持有链接者可以设置您的密码。如果您没有预期收到此邮件，请联系账号管理员。"
            }
        }
    }

    /// The subject of a message with a password.
    pub(super) fn password_subject(self) -> &'static str {
        match self {
            Self::English => "your password",
            Self::Chinese => "您的登录密码",
        }
    }

    /// What a message with a password says.
    pub(super) fn password(self, product: &str, password: &str) -> String {
        match self {
            Self::English => format!(
                "Your password for {product} is now: {password} You choose another when you sign in with it."
            ),
            Self::Chinese => {
                format!("您的{product}登录密码现为：{password} 首次登录时需要修改密码。")
            }
        }
    }

    pub(super) fn password_advice(self) -> &'static str {
        match self {
            Self::English => {
                "Sign in soon: until you have chosen another password, whoever reads this message can sign in as you."
            }
            Self::Chinese => {
                "请尽快登录并修改密码：在您修改之前，任何读到此邮件的人都可以以您的身份登录。"
            }
        }
    }

    /// Where somebody signs in.
    pub(super) fn door(self, address: &str, account: &str) -> String {
        match self {
            Self::English => format!("Sign in: {address}/signin/{account}"),
            Self::Chinese => format!("登录：{address}/signin/{account}"),
        }
    }

    /// The subject and the text of a message that only shows that messages arrive.
    pub(super) fn test(self, product: &str, address: &str) -> (String, String) {
        match self {
            Self::English => (
                format!("{product}: a test message"),
                format!("{product} at {address} can send messages to this address."),
            ),
            Self::Chinese => (
                format!("{product}：测试消息"),
                format!("{product}（{address}）可以向此地址发送消息。"),
            ),
        }
    }
}

fn english(credential: Credential, change: Change) -> String {
    let (one, are) = match credential {
        Credential::Password => ("Your password", "was"),
        Credential::AccessKey => ("An access key of yours", "was"),
        Credential::MfaDevice => ("An MFA device of yours", "was"),
        Credential::SshPublicKey => ("An SSH public key of yours", "was"),
        Credential::SigningCertificate => ("A signing certificate of yours", "was"),
        Credential::ServiceSpecificCredential => ("A credential of yours for a service", "was"),
        Credential::RecoveryCodes => ("Your recovery codes", "were"),
        Credential::EmailAddress => ("An e-mail address of yours", "was"),
        Credential::MobileNumber => ("A mobile number of yours", "was"),
        Credential::LoginProtection => ("Your login protection", "was"),
        Credential::PasswordLink => ("A link to set your password", "was"),
        Credential::ConsoleSignIn => ("Your account", "was"),
    };
    let done = match (credential, change) {
        (Credential::MfaDevice, Change::Made) => "assigned",
        (Credential::MfaDevice, Change::Removed) => "taken away",
        (Credential::Password | Credential::LoginProtection, Change::Made) => "set",
        (Credential::EmailAddress | Credential::MobileNumber, Change::Made) => "set",
        (Credential::EmailAddress | Credential::MobileNumber, Change::Removed) => "removed",
        (Credential::PasswordLink, Change::Made) => "sent",
        (Credential::PasswordLink, Change::Changed) => "replaced by another",
        (Credential::PasswordLink, Change::Removed) => "used or withdrawn",
        (Credential::ConsoleSignIn, Change::Made) => "signed in to with a browser that is new",
        (_, Change::Made) => "created",
        // A code that is used up is a change too.
        (Credential::RecoveryCodes, Change::Changed) => "used or replaced",
        (_, Change::Changed) => "changed",
        (_, Change::Removed) => "deleted",
    };
    format!("{one} {are} {done}")
}

fn chinese(credential: Credential, change: Change) -> String {
    let one = match credential {
        Credential::Password => "登录密码",
        Credential::AccessKey => "访问密钥",
        Credential::MfaDevice => "MFA 设备",
        Credential::SshPublicKey => "SSH 公钥",
        Credential::SigningCertificate => "签名证书",
        Credential::ServiceSpecificCredential => "服务专用凭证",
        Credential::RecoveryCodes => "恢复码",
        Credential::EmailAddress => "邮箱地址",
        Credential::MobileNumber => "手机号码",
        Credential::LoginProtection => "登录保护",
        Credential::PasswordLink => "密码设置链接",
        Credential::ConsoleSignIn => "账号",
    };
    let done = match (credential, change) {
        (Credential::MfaDevice, Change::Made) => "已绑定",
        (Credential::MfaDevice, Change::Removed) => "已解绑",
        (
            Credential::Password
            | Credential::EmailAddress
            | Credential::MobileNumber
            | Credential::LoginProtection,
            Change::Made,
        ) => "已设置",
        (Credential::PasswordLink, Change::Made) => "已发送",
        (Credential::PasswordLink, Change::Changed) => "已被新链接替换",
        (Credential::PasswordLink, Change::Removed) => "已使用或撤回",
        (Credential::ConsoleSignIn, Change::Made) => "已通过新的浏览器登录",
        (_, Change::Made) => "已创建",
        (Credential::RecoveryCodes, Change::Changed) => "已使用或更换",
        (_, Change::Changed) => "已更改",
        (_, Change::Removed) => "已删除",
    };
    format!("您的{one}{done}")
}
