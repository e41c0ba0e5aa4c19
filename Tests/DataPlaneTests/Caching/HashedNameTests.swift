import Testing

@testable import DataPlane

/// Which names of files carry a hash of their content.
struct HashedNameTests {
  static func isHashed(_ path: String) -> Bool {
    let source = block(bytes(path) + bytes("a.3f9c2b1d.js"), at: 3)
    return HashedName.isHashed(source.bytes, 3, bytes(path).count)
  }

  @Test(
    "names that bundlers make",
    arguments: [
      "/app.3f9c2b1d.js", "/index-BdT3x9qA.js", "/main.abc123def456.css",
      "/chunk-7f3a9c21e4b8.mjs", "/assets/logo-1a2b3c4d5e6f7a8b.svg",
      "/style.d41d8cd98f00b204e9800998ecf8427e.css", "/assets/index-legacy-BdT3x9qA.js",
      "/assets/application-908e25f4bf641868d8683022a5b62f54908e25f4bf641868d8683022a5b62f54.js",
      "/static/js/main.3f9c2b1d.chunk.js", "/static/js/2.3f9c2b1d.chunk.js.map",
      "/vendor.3f9c2b1d.min.css", "/app.3f9c2b1d.js.map", "/chunk-7GQ3ZK2V.js",
      "/css/unicorn-d41d8cd98f.css", "/static/base.27e20196a850.js", "/fonts/inter-3f9c2b1d.woff2",
      "/assets/photo-BdT3x9qA.webp", "/dist/3f9c2b1d8e7a6b5c4d3e.js", "/a/b/mod.3f9c2b1d.wasm",
      "/APP-3f9c2b1d.JS", "/main-es2015.3f9c2b1d8e7a6b5c4d3e.js",
    ])
  func hashed(_ path: String) { #expect(Self.isHashed(path)) }

  @Test(
    "all others, rather one too many",
    arguments: [
      "", "/", "/index.html", "/jquery-3.6.0.min.js", "/report-20231117.pdf", "/photo-summer.jpg",
      "/app.js", "/report-20231117.js", "/app.12345678.js", "/a-deadbeef.js", "/menu-cafe2024.png",
      "/style-decade20.css", "/app-Version2.js", "/app-iPhone12.js", "/photo-Summer24.jpg",
      "/app-mycAmels.js", "/app-MyAppLib.js", "/page.3f9c2b1d.html", "/data.3f9c2b1d.json",
      "/doc-1a2b3c4d5e6f7a8b.pdf", "/avatar-1a2b3c4d.png", "/avatar-1a2b3c4d5e6f.png",
      "/photo-507f1f77bcf86cd799439011.jpg", "/507f1f77bcf86cd799439011.js",
      "/1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed.js", "/x-1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed.css",
      "/3f9c2b1d.js", "/-3f9c2b1d.js", "/.3f9c2b1d.js", "/3f9c2b1d8e7a6b5c4d3e.png",
      "/app.3f9c2b1.js", "/app.3f9c2b1d4.js", "/app_3f9c2b1d.js", "/app.3F9C2B1D.js",
      "/app.3f9c2b1g.js", "/app3f9c2b1d.js", "/app.BdT3x9qA.js", "/app-BdT3x9q.js",
      "/app-BdT3x9qAB.js", "/app-Bd_3x9qA.js", "/app-%33f9c2b1d.js", "/3f9c2b1d/app.js",
      "/app.3f9c2b1d.js/", "/app.3f9c2b1d.js/x", "/app.3f9c2b1d", "/app.3f9c2b1d.php",
      "/app.3f9c2b1d.png.map", "/IMG-7GQ3ZK2V.jpg", "/app-RELEASE2.js", "/app.3f9c2b1d.js;x",
      "/app.3f9c2b1d.other.js", "/api/v1.2.3-3f9c2b1d", "/app.3f9c2b1d..js", "/a.map",
    ])
  func notHashed(_ path: String) { #expect(!Self.isHashed(path)) }

  @Test("bytes around the path mean nothing, and no path traps")
  func anyPath() {
    var dice = Dice(seed: 5)
    let parts = ["/", ".", "-", "a", "B", "3", "3f9c", "2b1d", ".js", ".map", ".css", "x9qA", "%"]
    for _ in 0..<3000 {
      let path = (0..<dice.below(9)).map { _ in dice.pick(parts) }.joined()
      let name = String(path.split(separator: "/", omittingEmptySubsequences: false).last ?? "")
      #expect(Self.isHashed(path) == Self.isHashed(name))
    }
  }
}
