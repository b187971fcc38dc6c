//! What a finding is about, in one text: for the reports that name things by text.

use crate::cli::output::harmless;
use crate::finding::Finding;

/// `public.Musician`, `public.Musician.email`, `public.total(integer)`, `postgis`: schema, name and part,
/// as far as there are any. Within one database and kind, no other finding has this text unless somebody
/// puts dots into names. `None`: it is about the whole database.
pub(super) fn of(finding: &Finding) -> Option<String> {
    let object =
        finding.name.as_ref().map(|it| format!("{}.{}", it.schema.visible(), it.name.visible()));
    let part = finding.part.as_deref().map(harmless);
    match (object, part) {
        // The arguments of a function.
        (Some(object), Some(part)) if part.starts_with('(') => Some(object + &part),
        (Some(object), Some(part)) => Some(format!("{object}.{part}")),
        (object, part) => object.or(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FindingKind;
    use crate::finding::ObjectKind;
    use crate::schema::RelationName;

    #[test]
    fn a_finding_is_about_a_database_an_object_or_a_part() {
        let of = |object, name: Option<RelationName>, part: Option<&str>| {
            let finding = Finding::new(FindingKind::ColumnTypeChanged, object, name, "");
            of(&Finding { part: part.map(str::to_owned), ..finding })
        };
        let name = || Some(RelationName::new("public", "a\nb"));
        assert_eq!(of(ObjectKind::Database, None, None), None);
        assert_eq!(of(ObjectKind::Table, name(), None).unwrap(), "public.a\\x0ab");
        assert_eq!(of(ObjectKind::Table, name(), Some("c\n")).unwrap(), "public.a\\x0ab.c\\x0a");
        assert_eq!(of(ObjectKind::Function, name(), Some("(int)")).unwrap(), "public.a\\x0ab(int)");
        assert_eq!(of(ObjectKind::Extension, None, Some("postgis")).unwrap(), "postgis");
    }
}
