//! Some members of JSON objects, as they are written: what nobody asks for is passed over, and what nobody looks into is
//! neither copied nor read.

use crate::scan::{Malformed, Scan};

/// Members in the order of their names; one that is null counts as none.
pub(crate) type Members<'a, const N: usize> = [Option<&'a [u8]>; N];

/// The members of these names; `None` if the text is not one object, or has one of them twice.
pub(crate) fn members<'a, const N: usize>(json: &'a [u8], names: [&str; N]) -> Option<Members<'a, N>> {
    let mut scan = Scan::new(json);
    let found = of_object(&mut scan, names).ok()?;
    scan.end().is_ok().then_some(found)
}

/// The same of each object in a list; `None` if the text is not one list of objects.
pub(crate) fn members_of_each<'a, const N: usize>(json: &'a [u8], names: [&str; N]) -> Option<Vec<Members<'a, N>>> {
    let mut scan = Scan::new(json);
    let mut each = Vec::new();
    scan.list(|item| {
        each.push(of_object(item, names)?);
        Ok::<(), Malformed>(())
    })
    .ok()?;
    scan.end().is_ok().then_some(each)
}

fn of_object<'a, const N: usize>(scan: &mut Scan<'a>, names: [&str; N]) -> Result<Members<'a, N>, Malformed> {
    let mut found = [None; N];
    scan.object(|value, name| {
        let name = name.bytes()?;
        let value = value.raw()?;
        let slot = names.iter().zip(&mut found).find(|(wanted, _)| wanted.as_bytes() == &*name);
        let is_twice = slot.is_some_and(|(_, slot)| slot.replace(value).is_some());
        if is_twice { Err(Malformed) } else { Ok(()) }
    })?;
    Ok(found.map(|value| value.filter(|value| value != b"null")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::tests::almost_json;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    #[derive(Clone, Copy, serde::Deserialize)]
    struct Two<'a> {
        #[serde(borrow)]
        a: Option<&'a RawValue>,
        #[serde(borrow)]
        b: Option<&'a RawValue>,
    }

    fn theirs(two: Two<'_>) -> Members<'_, 2> {
        [two.a, two.b].map(|value| value.map(|value| value.get().as_bytes()))
    }

    #[test]
    fn members_are_found_as_they_are_written() {
        let found = members(br#" {"b": {"a":1} ,"x":2,"\u0061": [ 3 ]} "#, ["a", "b", "c"]);
        assert_eq!(found, Some([Some(&b"[ 3 ]"[..]), Some(br#"{"a":1}"#), None]));
        assert_eq!(members(br#"{"a":null}"#, ["a"]), Some([None]));
        for other in [&br#"{"a":1,"a":2}"#[..], br#"{"a":null,"a":2}"#, b"[1]", b"null", b"{}{}", b""] {
            assert_eq!(members(other, ["a"]), None);
        }
        let each = members_of_each(br#"[{"a":1}, {}]"#, ["a"]);
        assert_eq!(each, Some(vec![[Some(&b"1"[..])], [None]]));
        assert_eq!(members_of_each(br#"[{"a":1}, 2]"#, ["a"]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

        /// `serde_json` would take a list for an object, member by member.
        #[test]
        fn they_are_those_that_serde_json_finds(
            a in almost_json(),
            b in almost_json(),
            names in proptest::sample::select(vec![["a", "b"], ["b", "a"], ["a", "c"], ["a", "a"], ["\\u0061", "b"]]),
        ) {
            let [first, second] = names.map(|name| format!("\"{name}\":").into_bytes());
            let text = [b"{", &*first, &*a, b",", &*second, &*b, b"}"].concat();
            // `RawValue` wants UTF-8 in strings that nobody reads.
            let text = String::from_utf8_lossy(&text).into_owned().into_bytes();
            let two = serde_json::from_slice::<Two<'_>>(&text).ok().map(theirs);
            prop_assert_eq!(members(&text, ["a", "b"]), two);
            let list = [b"[", &*text, b"]"].concat();
            let two = serde_json::from_slice::<Vec<Two<'_>>>(&list).ok().map(|all| all.into_iter().map(theirs).collect());
            prop_assert_eq!(members_of_each(&list, ["a", "b"]), two);
        }
    }
}
