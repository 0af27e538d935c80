//! Owns the one difference between Anchor 2's IDL and what Codama reads: alias types such as `PodU64`, which are `u64` under another name.

use std::collections::BTreeMap;

use serde_json::Value;

/// Puts what an alias stands for in the place of its every use, and removes the aliases.
pub fn resolve(idl: &mut Value) {
    let Some(types) = idl["types"].as_array_mut() else { return };
    let mut aliases = BTreeMap::new();
    types.retain(|definition| {
        let meant = &definition["type"];
        let is_alias = meant["kind"] == "type" && definition["generics"].is_null();
        if is_alias && let Some(name) = definition["name"].as_str() {
            aliases.insert(name.to_owned(), meant["alias"].clone());
        }
        !is_alias
    });
    replace(idl, &aliases);
}

fn replace(value: &mut Value, aliases: &BTreeMap<String, Value>) {
    // An alias may stand for another alias, but not, in any IDL that anchor-lang writes, for itself.
    for _ in 0..=aliases.len() {
        let Some(meant) = value["defined"]["name"].as_str().and_then(|name| aliases.get(name)) else { break };
        *value = meant.clone();
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, aliases)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, aliases)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn aliases_of_aliases_are_replaced_wherever_they_are_used() {
        let mut idl = json!({
            "types": [
                {"name": "Amount", "type": {"kind": "type", "alias": {"defined": {"name": "PodU64"}}}},
                {"name": "PodU64", "type": {"kind": "type", "alias": "u64"}},
                {"name": "Job", "type": {"kind": "struct", "fields": [
                    {"name": "price", "type": {"defined": {"name": "Amount"}}},
                    {"name": "all", "type": {"array": [{"defined": {"name": "PodU64"}}, 3]}},
                    {"name": "kind", "type": {"defined": {"name": "Kind"}}},
                ]}},
            ],
        });
        resolve(&mut idl);
        assert_eq!(
            idl["types"],
            json!([{"name": "Job", "type": {"kind": "struct", "fields": [
                {"name": "price", "type": "u64"},
                {"name": "all", "type": {"array": ["u64", 3]}},
                {"name": "kind", "type": {"defined": {"name": "Kind"}}},
            ]}}])
        );
    }
}
