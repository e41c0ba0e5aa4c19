import Testing

@Suite("Targets, hosts, versions") struct TargetTests {
  /// What a target becomes on its way to the backend.
  @Test("paths are normalised once, queries stay as they are")
  func normalisation() throws {
    let table: [(String, String)] = [
      ("/", "/"), ("/a/b", "/a/b"), ("/a/", "/a/"),
      ("/a/./b", "/a/b"), ("/a/../b", "/b"), ("/a/b/..", "/a/"), ("/a/.", "/a/"),
      ("/a/%2e/b", "/a/b"), ("/a/%2E%2e/b", "/b"), ("/a/.%2e/b", "/b"),
      ("/a/...", "/a/..."), ("/.a/b", "/.a/b"), ("/a./b", "/a./b"), ("/a..", "/a.."),
      ("/%41%7e%2D", "/A~-"), ("/%e4%bf", "/%E4%BF"), ("/a%2fb", "/a%2Fb"),
      ("/a/..%2fb", "/a/..%2Fb"), ("/a%20b", "/a%20b"), ("/%25%32", "/%252"),
      ("//a", "/a"), ("/a//b///c", "/a/b/c"), ("/a//../b", "/b"), ("//", "/"),
      ("/a?x=/../%2e//", "/a?x=/../%2e//"), ("/?", "/?"), ("/a/../?b", "/?b"),
      ("/a?%zz", "/a?%zz"), ("/a?b?c", "/a?b?c"), ("/a?x=\\", "/a?x=\\"),
      ("/a;b=c,d", "/a;b=c,d"), ("/!$&'()*+,;=:@", "/!$&'()*+,;=:@"),
    ]
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      for (target, expected) in table {
        row(target) {
          let response = try client.exchange(get(target))
          #expect(response.status == 200, "\(target)")
          #expect(scene.origin.lastRequest.target == expected, "\(target)")
        }
      }
    }
  }

  @Test("runs of slashes stay when merging is off")
  func unmerged() throws {
    try withScene(.answering(ok()), extra: "merge_slashes: false") { scene in
      let client = try scene.client()
      for (target, expected) in [("/a//b", "/a//b"), ("/a/./b", "/a/b"), ("/a//../b", "/a/b")] {
        #expect(try client.exchange(get(target)).status == 200)
        #expect(scene.origin.lastRequest.target == expected, "\(target)")
      }
    }
  }

  @Test("an absolute target's authority replaces Host, and only the path goes on")
  func absoluteForm() throws {
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      let table = [
        ("http://other.org/a?b", "/a?b", "other.org"), ("http://other.org", "/", "other.org"),
        ("http://other.org:81/", "/", "other.org:81"), ("HTTP://other.org/", "/", "other.org"),
        ("https://other.org/x", "/x", "other.org"), ("http://[::1]:80/", "/", "[::1]:80"),
        ("http://other.org?q", "/?q", "other.org"),
      ]
      for (target, path, host) in table {
        row(target) {
          let response = try client.exchange(get(target))
          #expect(response.status == 200, "\(target)")
          #expect(scene.origin.lastRequest.target == path, "\(target)")
          #expect(scene.origin.lastRequest.all("Host") == [host], "\(target)")
        }
      }
    }
  }

  @Test("the asterisk is for OPTIONS only")
  func asterisk() throws {
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      #expect(try client.exchange(head("OPTIONS * HTTP/1.1", "Host: a")).status == 200)
      #expect(scene.origin.request(0).target == "*")
      try expectRefused(client, get("*"), 400)
    }
  }

  @Test("Host is kept as received")
  func hosts() throws {
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      for host in ["a", "A.b-c.D:81", "127.0.0.1", "[::1]", "[2001:db8::1]:443", "a_b.c", "a."] {
        row(host) {
          let response = try client.exchange(head("GET / HTTP/1.1", "Host: \(host)"))
          #expect(response.status == 200, "\(host)")
          #expect(scene.origin.lastRequest.all("Host") == [host])
        }
      }
    }
  }

  @Test("HTTP/1.0 may omit Host; the backend's address is sent")
  func missingHost() throws {
    try withScene(.answering(ok())) { scene in
      let response = try scene.exchange(head("GET / HTTP/1.0"))
      #expect(response.status == 200)
      #expect(scene.origin.request(0).all("Host") == [scene.origin.address])
      #expect(scene.origin.request(0).version == "HTTP/1.1")
    }
  }

  @Test("later minor versions are served as 1.1", arguments: ["HTTP/1.2", "HTTP/1.9"])
  func minorVersions(_ version: String) throws {
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      for _ in 1...2 {
        let response = try client.exchange(head("GET / \(version)", "Host: a"))
        #expect(response.startLine == "HTTP/1.1 200 OK")
      }
      #expect(scene.origin.request(0).version == "HTTP/1.1")
    }
  }
}
