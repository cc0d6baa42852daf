//! Requests and policies out of small pools, so that they meet often.

use serde_json::{Map, Value, json};

use crate::slow::BASES;

/// A small generator of pseudo-random numbers (SplitMix64), so that a seed always means the same cases.
pub(crate) struct Chance(u64);

const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];

const TEXTS: [&str; 15] = [
    "a", "A", "b", "ab", "aB", "a*", "", "x/y", "alice", "*", "10", "a?c", "abab", "aab", "babb",
];
const PATTERNS: [&str; 22] = [
    "a",
    "A",
    "b",
    "ab",
    "a*",
    "*",
    "?",
    "a?",
    "*b",
    "${k1}",
    "${k1}*",
    "${no, 'a'}",
    "${missing}",
    "${*}",
    "alice",
    "${K2}",
    "*?b",
    "a*ab",
    "*b*b",
    "*a?*b",
    "a*b*b",
    "*${k1}*",
];
const NUMBERS: [&str; 12] = [
    "9",
    "10",
    "10.0",
    "-1",
    "-2",
    "-0.5",
    "0",
    "1e1",
    "0.5",
    "99999999999999999999",
    "9.99",
    "ten",
];
const DATES: [&str; 8] = [
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "2026-01-01T01:00:00+01:00",
    "1767225600",
    "2025-12-31T23:59:59Z",
    "2026-02-28T12:00:00-05:00",
    "2024-02-29",
    "soon",
];
const BOOLS: [&str; 5] = ["true", "false", "True", "FALSE", "maybe"];
const ADDRESSES: [&str; 12] = [
    "192.0.2.1",
    "192.0.2.200",
    "10.0.0.1",
    "11.0.0.1",
    "::",
    "::1",
    "0:0:0:0:0:0:0:1",
    "2001:db8::5",
    "2001:db8:ffff::5",
    "2001:db9::5",
    "::ffff:192.0.2.1",
    "nowhere",
];
const NETWORKS: [&str; 11] = [
    "192.0.2.1",
    "192.0.2.0/24",
    "192.0.2.77/25",
    "0.0.0.0/0",
    "::/0",
    "::1",
    "2001:DB8::/32",
    "10.0.0.0/8",
    "::ffff:c000:0201",
    "10.0.0.0/33",
    "bad",
];
const ARNS: [&str; 7] = [
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/a:b",
    "arn:aws:sns:us-east-1:111122223333:t",
    "arn:aws:iam::111122223333:role/a/R",
    "arn:aws-cn:s3:::b/k",
    "not an arn",
    "arn:aws:s3",
];
const ARN_PATTERNS: [&str; 12] = [
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::*:b",
    "arn:aws:*:*:*:*",
    "arn:*:s3:::b/k",
    "arn:aws:sns:*:111122223333:t",
    "arn:aws:iam::${acct}:role/*",
    "arn:aws:sns:us-east-1:${AWS:acct}:t",
    "arn:aws:s3:::${k1}*",
    "arn:aws:*:b",
    "*",
    "arn:aws:s3::*:b/${missing}",
];
const BINARIES: [&str; 4] = ["QQ==", "qQ==", "QUI=", "%"];
const RESOURCES: [&str; 11] = [
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/k/x",
    "arn:aws:s3:::B/k",
    "arn:aws:s3:::a",
    "arn:aws:s3:::alice",
    "arn:aws:s3:::*",
    "arn:aws:s3:::${k1}",
    "arn:aws:iam::111122223333:role/Target",
    "arn:aws:kms:us-east-1:111122223333:key/1",
    "arn:aws:sns:us-east-1:111122223333:t:u",
    "*",
];
const RESOURCE_PATTERNS: [&str; 27] = [
    "*",
    "*",
    "*",
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/?",
    "arn:aws:s3:::*/k*",
    "arn:aws:s3:::?/*x",
    "arn:aws:s3:::*/?",
    "arn:aws:s3:::*/?/*",
    "arn:aws:s*:::b/*",
    "arn:aws:s3:::${k1}",
    "arn:aws:s3:::${k1}*",
    "arn:aws:s3:::${aws:username}",
    "arn:aws:s3:::${missing}",
    "arn:aws:s3:::${no, 'alice'}",
    "arn:aws:s3:::${k2, 'alice'}",
    "arn:aws:s3",
    "arn:aws:iam",
    "arn:*:*b",
    "arn:aws:iam::*:role/*",
    "arn:aws:kms:*:*:key/*",
    "arn:aws:sns:us-east-1:${acct}:t*",
    "arn:aws:sns:*:*:*:u",
    "bucket",
];
const ACTIONS: [&str; 7] = [
    "s3:GetObject",
    "S3:getobject",
    "s3:PutObject",
    "s3:ListBucket",
    "iam:GetUser",
    "sts:AssumeRole",
    "kms:Decrypt",
];
const ACTION_PATTERNS: [&str; 20] = [
    "*",
    "*",
    "*",
    "*",
    "s3:*",
    "s3:Get*",
    "s3:GetObject",
    "S3:GETOBJECT",
    "s3:Put?bject",
    "s3:*Object",
    "s3:*Bucket",
    "s3:?et*ject",
    "s*:GetObject",
    "*:*",
    "iam:*",
    "iam:Get*",
    "sts:*",
    "sts:AssumeRole",
    "kms:*",
    "GetObject",
];
const PRINCIPALS: [(&str, &str); 19] = [
    ("AWS", "*"),
    ("AWS", "111122223333"),
    ("AWS", "arn:aws:iam::111122223333:root"),
    ("AWS", "arn:aws:iam::444455556666:root"),
    ("AWS", "arn:aws:iam::111122223333:user/alice"),
    ("AWS", "arn:aws:iam::444455556666:user/alice"),
    ("AWS", "arn:aws:iam::111122223333:role/path/R"),
    ("AWS", "arn:aws:iam::111122223333:role/R"),
    ("AWS", "arn:aws:iam::444455556666:role/R"),
    ("AWS", "arn:aws:sts::111122223333:assumed-role/R/s"),
    ("AWS", "arn:aws:sts::111122223333:federated-user/bob"),
    ("Service", "ec2.amazonaws.com"),
    ("Service", "s3.amazonaws.com"),
    ("Federated", "arn:aws:iam::111122223333:saml-provider/X"),
    // What AWS would not save: a wildcard within, no principal at all, a kind that there is not.
    ("AWS", "arn:aws:iam::111122223333:user/*"),
    ("AWS", "alice"),
    ("Service", "*.amazonaws.com"),
    ("CanonicalUser", "79a59df900b949e5"),
    ("Group", "arn:aws:iam::111122223333:group/g"),
];
/// Those of them that are understood; most clauses take theirs from here.
const UNDERSTOOD: usize = 14;
const LADDER: [&str; 5] = [
    "111122223333",
    "arn:aws:iam::111122223333:user/alice",
    "arn:aws:iam::111122223333:role/R",
    "arn:aws:sts::111122223333:assumed-role/R/s",
    "arn:aws:sts::111122223333:federated-user/bob",
];
const KEYS: [&str; 6] = [
    "k1",
    "K1",
    "k2",
    "aws:PrincipalTag/Team",
    "aws:principaltag/team",
    "k3",
];

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n).expect("small")).expect("small")
    }

    /// True once in `n` times.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'t>(&mut self, pool: &[&'t str]) -> &'t str {
        pool[self.below(pool.len())]
    }

    /// One text, or a list of up to three.
    fn some(&mut self, pool: &[&str]) -> Value {
        match self.below(4) {
            0 => (0..=self.below(3))
                .map(|_| json!(self.pick(pool)))
                .collect(),
            _ => json!(self.pick(pool)),
        }
    }

    /// A whole line, whose conditions all look at one family of values so that they meet its facts.
    pub(crate) fn line(&mut self, case: u64) -> Value {
        let principal = self.principal();
        let mut resource = self.pick(&RESOURCES);
        let mut action = self.pick(&ACTIONS);
        // Where the policy on the resource must name the caller, chance alone would come too seldom.
        match self.below(10) {
            0 => (action, resource) = ("sts:AssumeRole", "arn:aws:iam::111122223333:role/Target"),
            1 => (action, resource) = ("kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/1"),
            _ => {}
        }
        let account = match self.below(4) {
            0 => Some(ACCOUNTS[1]),
            // Without a word it is the account in the name, or the caller's own.
            1 if resource == "*" || resource.contains(ACCOUNTS[0]) => None,
            _ => Some(ACCOUNTS[0]),
        };
        // Texts can meet patterns in more ways than other values can.
        let base = if self.once_in(4) {
            BASES[self.below(6)]
        } else {
            BASES[self.below(BASES.len())]
        };
        let mut line = json!({
            "id": case.to_string(),
            "principal": principal,
            "action": action,
            "resource": {"arn": resource, "account": account},
            "context": self.context(base),
            "identity_policies": self.policies(base, false, 1),
        });
        if self.once_in(4) {
            line["permissions_boundary"] = self.policy(base, false);
        }
        if self.once_in(5) {
            line["session_policies"] = self.policies(base, false, 0);
        }
        for (name, principals) in [("scps", false), ("rcps", true)] {
            if self.once_in(8) {
                line[name] = (0..=self.below(2))
                    .map(|_| self.policies(base, principals, 1))
                    .collect();
            }
        }
        if !self.once_in(3) {
            line["resource_policy"] = self.policy(base, true);
        }
        line
    }

    fn principal(&mut self) -> Value {
        let account = ACCOUNTS[usize::from(self.once_in(5))];
        let role = if self.once_in(2) {
            "role/R"
        } else {
            "role/path/R"
        };
        match self.below(9) {
            0 | 1 => {
                json!({"type": "User", "arn": format!("arn:aws:iam::{account}:user/alice"), "account": account})
            }
            2 => {
                json!({"type": "Role", "arn": format!("arn:aws:iam::{account}:{role}"), "account": account})
            }
            3 => {
                json!({"type": "AssumedRole", "arn": format!("arn:aws:sts::{account}:assumed-role/R/s"), "account": account})
            }
            4 => {
                json!({"type": "FederatedUser", "arn": format!("arn:aws:sts::{account}:federated-user/bob"), "account": account})
            }
            5 => {
                json!({"type": "Account", "arn": format!("arn:aws:iam::{account}:root"), "account": account})
            }
            6 => json!({"type": "Service", "arn": "ec2.amazonaws.com", "account": null}),
            7 => {
                json!({"type": "Federated", "arn": "arn:aws:iam::111122223333:saml-provider/X", "account": null})
            }
            _ => json!({"type": "Anonymous", "arn": null, "account": null}),
        }
    }

    fn context(&mut self, base: &str) -> Value {
        let mut context = Map::new();
        let pool = facts_for(base);
        for key in ["k1", "k2", "AWS:PrincipalTag/TEAM"] {
            match self.below(6) {
                0 => {}
                1 => {
                    let count = self.below(4);
                    let mut list: Vec<&str> = (0..count).map(|_| self.pick(pool)).collect();
                    // Alone it is as good as nothing under ForAllValues; among others it is not.
                    if self.once_in(3) {
                        list.push("");
                    }
                    context.insert(key.to_owned(), json!(list));
                }
                2 => {
                    context.insert(key.to_owned(), json!(self.pick(&TEXTS)));
                }
                _ => {
                    context.insert(key.to_owned(), json!(self.pick(pool)));
                }
            }
        }
        if self.once_in(2) {
            context.insert("aws:UserName".to_owned(), json!("alice"));
        }
        for key in ["acct", "aws:acct"] {
            context.insert(key.to_owned(), json!(ACCOUNTS[0]));
        }
        Value::Object(context)
    }

    fn policies(&mut self, base: &str, principals: bool, least: usize) -> Value {
        let count = least.max(self.below(3));
        (0..count).map(|_| self.policy(base, principals)).collect()
    }

    fn policy(&mut self, base: &str, principals: bool) -> Value {
        let count = 1 + self.below(3);
        let statements: Vec<Value> = (0..count)
            .map(|_| self.statement(base, principals))
            .collect();
        let mut policy = json!({"Statement": statements});
        match self.below(8) {
            0 => policy["Version"] = json!("2008-10-17"),
            1 => {}
            _ => policy["Version"] = json!("2012-10-17"),
        }
        match self.below(60) {
            0 => policy["Version"] = json!("2020-01-01"),
            1 => policy["Comment"] = json!("an element that nobody knows"),
            _ => {}
        }
        if count == 1 && self.once_in(2) {
            policy["Statement"] = policy["Statement"][0].clone();
        }
        policy
    }

    fn statement(&mut self, base: &str, principals: bool) -> Value {
        let effect = if self.once_in(5) { "Deny" } else { "Allow" };
        let mut statement = json!({"Effect": effect});
        if principals {
            let name = if self.once_in(10) {
                "NotPrincipal"
            } else {
                "Principal"
            };
            statement[name] = if name == "NotPrincipal" && self.once_in(2) {
                self.ladder()
            } else {
                self.named()
            };
        }
        let name = if self.once_in(7) {
            "NotAction"
        } else {
            "Action"
        };
        statement[name] = self.some(&ACTION_PATTERNS);
        if !(principals && self.once_in(8)) {
            let name = if self.once_in(7) {
                "NotResource"
            } else {
                "Resource"
            };
            statement[name] = self.some(&RESOURCE_PATTERNS);
        }
        if self.once_in(2) {
            let mut block = Map::new();
            for _ in 0..=self.below(2) {
                let mut keys = Map::new();
                for _ in 0..=usize::from(self.once_in(6)) {
                    let key = self.pick(&KEYS).to_owned();
                    keys.insert(key, self.values(base));
                }
                block.insert(self.operator(base), Value::Object(keys));
            }
            statement["Condition"] = Value::Object(block);
        }
        if self.once_in(16) {
            self.spoil(&mut statement);
        }
        statement
    }

    /// Makes a statement that AWS would not save.
    fn spoil(&mut self, statement: &mut Value) {
        let members = statement.as_object_mut().expect("a statement");
        let (name, value) = match self.below(8) {
            0 => ("Comment", json!("an element that nobody knows")),
            1 => ("Effect", json!("allow")),
            2 => ("Effect", json!("Permit")),
            3 => {
                // One of both is there already, or neither belongs there.
                members.insert("NotPrincipal".to_owned(), json!("*"));
                ("Principal", self.named())
            }
            4 => {
                members.remove("NotPrincipal");
                members.remove("Principal");
                return;
            }
            5 => {
                members.insert("NotAction".to_owned(), self.some(&ACTION_PATTERNS));
                ("Action", self.some(&ACTION_PATTERNS))
            }
            6 => {
                members.insert("NotResource".to_owned(), self.some(&RESOURCE_PATTERNS));
                ("Resource", self.some(&RESOURCE_PATTERNS))
            }
            _ => {
                members.remove("NotPrincipal");
                ("Principal", self.named())
            }
        };
        members.insert(name.to_owned(), value);
    }

    fn named(&mut self) -> Value {
        if self.once_in(8) {
            return json!("*");
        }
        let mut map = Map::new();
        for _ in 0..=self.below(4) {
            let most = if self.once_in(12) {
                PRINCIPALS.len()
            } else {
                UNDERSTOOD
            };
            let (kind, text) = PRINCIPALS[self.below(most)];
            let list = map.entry(kind).or_insert_with(|| json!([]));
            list.as_array_mut().expect("a list").push(json!(text));
        }
        Value::Object(map)
    }

    /// All the names that callers of one account must have in a NotPrincipal to escape it, but for a few that are
    /// left out.
    fn ladder(&mut self) -> Value {
        let mut names: Vec<&str> = Vec::new();
        for name in LADDER {
            if !self.once_in(5) {
                names.push(name);
            }
        }
        if names.is_empty() {
            return json!("*");
        }
        json!({"AWS": names})
    }

    fn operator(&mut self, base: &str) -> String {
        if self.once_in(40) {
            return "StringSame".to_owned();
        }
        if base == "Null" {
            return base.to_owned();
        }
        let set = match self.below(5) {
            0 => "ForAllValues:",
            1 => "ForAnyValue:",
            _ => "",
        };
        let suffix = if self.once_in(4) { "IfExists" } else { "" };
        format!("{set}{base}{suffix}")
    }

    fn values(&mut self, base: &str) -> Value {
        match base {
            "Null" => match self.below(3) {
                0 => json!(true),
                1 => json!("true"),
                _ => json!("false"),
            },
            "Bool" if self.once_in(3) => json!(self.once_in(2)),
            "NumericEquals" if self.once_in(3) => {
                [json!(10), json!(-1), json!(0.5)][self.below(3)].clone()
            }
            _ => self.some(values_for(base)),
        }
    }
}

fn facts_for(base: &str) -> &'static [&'static str] {
    match base {
        _ if base.starts_with("Numeric") => &NUMBERS,
        _ if base.starts_with("Date") => &DATES,
        _ if base.starts_with("Arn") => &ARNS,
        _ if base.contains("Ip") => &ADDRESSES,
        "Bool" => &BOOLS,
        "BinaryEquals" => &BINARIES,
        _ => &TEXTS,
    }
}

fn values_for(base: &str) -> &'static [&'static str] {
    match base {
        _ if base.starts_with("String") => &PATTERNS,
        _ if base.starts_with("Arn") => &ARN_PATTERNS,
        _ if base.contains("Ip") => &NETWORKS,
        _ => facts_for(base),
    }
}
