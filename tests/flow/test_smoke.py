def test_query(t):
    s = t.steer()
    with s.client() as c:
        t.equal(c.value("SELECT 41 + 1"), "42", "SELECT through the port")
