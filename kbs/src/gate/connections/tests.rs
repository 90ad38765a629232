use super::*;

#[test]
fn an_address_has_so_many_connections_and_gets_those_back_that_end() {
    let connections = Connections::new(2);
    let (one, other) = (Some("192.0.2.1".parse().unwrap()), Some("192.0.2.2".parse().unwrap()));
    let first = connections.open(one).unwrap();
    let second = connections.open(one).unwrap();
    assert!(connections.open(one).is_none() && connections.open(other).is_some());
    drop(first);
    let third = connections.open(one);
    assert!(third.is_some() && connections.open(one).is_none());
    drop((second, third));
    assert_eq!(connections.open.lock().unwrap().len(), 0);
}
