//! Decisions allocate nothing; and how long the measured ones take, printed but not judged (`--nocapture`).

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::time::Instant;

    use claviger_policy::*;

    const FORCE_MFA: &str = include_str!("tutorial/force_mfa.json");
    const EC2: &str = include_str!("tutorial/ec2_full_access.json");
    const ACCOUNT: Option<&str> = Some("111122223333");
    const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

    struct Session {
        mfa: bool,
        groups: Vec<String>,
    }

    impl Facts for Session {
        fn find(&self, key: &str) -> Found<'_> {
            match key {
                "aws:multifactorauthpresent" => Found::One(Value::Bool(self.mfa)),
                "aws:username" => Found::text("alice"),
                "aws:currenttime" => Found::One(Value::Time(
                    claviger_model::Timestamp::from_seconds(1_767_225_600),
                )),
                "aws:sourceip" => {
                    Found::One(Value::Ip(std::net::Ipv4Addr::new(192, 0, 2, 7).into()))
                }
                "aws:tagkeys" => Found::Many(&self.groups),
                _ => Found::Absent,
            }
        }
    }

    fn ask(
        session: &Session,
        policies: &[PolicyRef<'_>],
        action: &str,
        resource: &str,
    ) -> Decision {
        let request = Request {
            principal: Principal::new(PrincipalKind::User, ALICE, ACCOUNT),
            action: Action::new(action).expect("an action"),
            resource: Resource {
                arn: resource,
                account: ACCOUNT,
            },
            facts: session,
        };
        let layers = Layers {
            identity: policies,
            ..Layers::default()
        };
        decide(&request, &layers, &mut Silent)
    }

    /// Allocations and the median time of one decision in nanoseconds.
    fn measure(name: &str, expected: bool, decision: impl Fn() -> Decision) {
        assert_eq!(decision().is_allow(), expected, "{name}");
        let counted = allocation_counter::measure(|| {
            black_box(decision());
        });
        assert_eq!(counted.count_total, 0, "{name} allocates");
        let mut rounds: Vec<u128> = (0..21)
            .map(|_| {
                let start = Instant::now();
                for _ in 0..200 {
                    black_box(decision());
                }
                start.elapsed().as_nanos() / 200
            })
            .collect();
        rounds.sort_unstable();
        println!("{:>9} ns  {name}", rounds[10]);
    }

    fn many(count: usize, statement: impl Fn(usize) -> String) -> Policy {
        let statements: Vec<String> = (0..count).map(statement).collect();
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
            statements.join(",")
        );
        let mut rounds: Vec<u128> = (0..5)
            .map(|_| {
                let start = Instant::now();
                black_box(Policy::compile(&document).expect("a policy"));
                start.elapsed().as_micros()
            })
            .collect();
        rounds.sort_unstable();
        println!("{:>9} us  compiling {count} statements", rounds[2]);
        Policy::compile(&document).expect("a policy")
    }

    #[test]
    fn a_decision_allocates_nothing() {
        let (mfa, ec2) = (
            Policy::compile(FORCE_MFA).expect("Force_MFA"),
            Policy::compile(EC2).expect("EC2"),
        );
        let pair = [PolicyRef::from(&ec2), PolicyRef::from(&mfa)];
        let with = Session {
            mfa: true,
            groups: vec!["a".to_owned()],
        };
        let without = Session {
            mfa: false,
            groups: Vec::new(),
        };
        measure("tutorial pair, EC2 with MFA", true, || {
            ask(&with, &pair, "ec2:DescribeInstances", "*")
        });
        measure("tutorial pair, EC2 without MFA", false, || {
            ask(&without, &pair, "ec2:DescribeInstances", "*")
        });
        measure("tutorial pair, own keys", true, || {
            ask(&with, &pair, "iam:ListAccessKeys", ALICE)
        });
        measure("tutorial pair, other service", false, || {
            ask(&with, &pair, "s3:ListAllMyBuckets", "*")
        });

        let last = many(100, |n| {
            format!(
                r#"{{"Effect":"Allow","Action":"svc:Action{n}","Resource":"arn:aws:svc:::thing/{n}/*"}}"#
            )
        });
        let last = [PolicyRef::from(&last)];
        measure("last of 100 statements", true, || {
            ask(&with, &last, "svc:Action99", "arn:aws:svc:::thing/99/x")
        });
        let by_action = many(1_000, |n| {
            format!(r#"{{"Effect":"Allow","Action":["svc:Get{n}*","svc:Put{n}"],"Resource":"*"}}"#)
        });
        let by_action = [PolicyRef::from(&by_action)];
        measure("1,000 statements, none matches by action", false, || {
            ask(&with, &by_action, "svc:ListThings", "arn:aws:svc:::thing/1")
        });
        let by_resource = many(1_000, |n| {
            format!(
                r#"{{"Effect":"Allow","Action":"svc:Get*","Resource":"arn:aws:svc:::thing/{n}/*"}}"#
            )
        });
        let by_resource = [PolicyRef::from(&by_resource)];
        measure("1,000 statements, none matches by resource", false, || {
            ask(
                &with,
                &by_resource,
                "svc:GetThing",
                "arn:aws:svc:::other/1/x",
            )
        });
        let wild = many(1_000, |n| {
            format!(
                r#"{{"Effect":"Allow","Action":"svc:Get*","Resource":"arn:*:svc:*:*:*thing/{n}/*"}}"#
            )
        });
        let wild = [PolicyRef::from(&wild)];
        measure("the same with wildcards in every part", false, || {
            ask(&with, &wild, "svc:GetThing", "arn:aws:svc:::other/1/x")
        });

        let conditions = Policy::compile(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::*${aws:username}?","Condition":{
                "DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"},"IpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.0/24"]},
                "StringLike":{"aws:CurrentTime":"2026-*"},"StringEqualsIgnoreCase":{"aws:username":"ALICE"},"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]},
                "Null":{"aws:MultiFactorAuthPresent":false},"NumericLessThanIfExists":{"aws:MultiFactorAuthAge":3600},
                "ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/x"}}}}"#,
        )
        .expect("a policy");
        let conditions = [PolicyRef::from(&conditions)];
        measure("a statement with eight conditions", true, || {
            ask(
                &with,
                &conditions,
                "s3:GetObject",
                "arn:aws:s3:::home/alice/",
            )
        });
    }
}
