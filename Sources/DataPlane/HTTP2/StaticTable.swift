/// The static table of RFC 7541 Appendix A. Indices are 1 to 61.
enum StaticTable {
  static var count: Int { 61 }
  /// The index of `:authority`.
  static var authority: Int { 1 }

  /// Names and values one behind the other; each name directly before its value.
  static var text: StaticString {
    """
    :authority:methodGET:methodPOST:path/:path/index.html:schemehttp:schemehttps:status200\
    :status204:status206:status304:status400:status404:status500accept-charset\
    accept-encodinggzip, deflateaccept-languageaccept-rangesacceptaccess-control-allow-origin\
    ageallowauthorizationcache-controlcontent-dispositioncontent-encodingcontent-language\
    content-lengthcontent-locationcontent-rangecontent-typecookiedateetagexpectexpiresfromhost\
    if-matchif-modified-sinceif-none-matchif-rangeif-unmodified-sincelast-modifiedlinklocation\
    max-forwardsproxy-authenticateproxy-authorizationrangerefererrefreshretry-afterserver\
    set-cookiestrict-transport-securitytransfer-encodinguser-agentvaryviawww-authenticate
    """
  }

  /// Of an index: where the name begins in `text`, its length in the third byte, the value's in the
  /// fourth.
  static let places: InlineArray<62, UInt32> = [
    0x0, 0xa0000, 0x307000a, 0x4070014, 0x105001f, 0xb050025, 0x4070035, 0x5070040,
    0x307004c, 0x3070056, 0x3070060, 0x307006a, 0x3070074, 0x307007e, 0x3070088, 0xe0092,
    0xd0f00a0, 0xf00bc, 0xd00cb, 0x600d8, 0x1b00de, 0x300f9, 0x500fc, 0xd0101,
    0xd010e, 0x13011b, 0x10012e, 0x10013e, 0xe014e, 0x10015c, 0xd016c, 0xc0179,
    0x60185, 0x4018b, 0x4018f, 0x60193, 0x70199, 0x401a0, 0x401a4, 0x801a8,
    0x1101b0, 0xd01c1, 0x801ce, 0x1301d6, 0xd01e9, 0x401f6, 0x801fa, 0xc0202,
    0x12020e, 0x130220, 0x50233, 0x70238, 0x7023f, 0xb0246, 0x60251, 0xa0257,
    0x190261, 0x11027a, 0xa028b, 0x40295, 0x30299, 0x10029c,
  ]

  @inline(__always) static func name(_ index: Int) -> Int { Int(places[index] & 0xffff) }
  @inline(__always) static func nameLength(_ index: Int) -> Int { Int(places[index] >> 16 & 0xff) }
  @inline(__always) static func valueLength(_ index: Int) -> Int { Int(places[index] >> 24) }

  /// The first index with this name; 0 when there is none, and for pseudo-fields.
  @inline(__always) static func find(_ name: borrowing LowerName) -> Int {
    let count = name.count
    switch count {
    case 3...8: return findShort(count, name.words[0])
    case 9...16: return findMiddle(count, name.words[0], name.words[1])
    case 17...27: return findLong(count, name)
    default: return 0
    }
  }

  private static func findShort(_ count: Int, _ word: UInt64) -> Int {
    switch (count, word) {
    case (3, 0x656761): return 21  // age
    case (3, 0x616976): return 60  // via
    case (4, 0x6574_6164): return 33  // date
    case (4, 0x6761_7465): return 34  // etag
    case (4, 0x6d6f_7266): return 37  // from
    case (4, 0x7473_6f68): return 38  // host
    case (4, 0x6b6e_696c): return 45  // link
    case (4, 0x7972_6176): return 59  // vary
    case (5, 0x77_6f6c_6c61): return 22  // allow
    case (5, 0x65_676e_6172): return 50  // range
    case (6, 0x7470_6563_6361): return 19  // accept
    case (6, 0x6569_6b6f_6f63): return 32  // cookie
    case (6, 0x7463_6570_7865): return 35  // expect
    case (6, 0x7265_7672_6573): return 54  // server
    case (7, 0x73_6572_6970_7865): return 36  // expires
    case (7, 0x72_6572_6566_6572): return 51  // referer
    case (7, 0x68_7365_7266_6572): return 52  // refresh
    case (8, 0x6863_7461_6d2d_6669): return 39  // if-match
    case (8, 0x6567_6e61_722d_6669): return 42  // if-range
    case (8, 0x6e6f_6974_6163_6f6c): return 46  // location
    default: return 0
    }
  }

  private static func findMiddle(_ count: Int, _ first: UInt64, _ second: UInt64) -> Int {
    switch (count, first, second) {
    case (10, 0x6b6f_6f63_2d74_6573, 0x6569): return 55  // set-cookie
    case (10, 0x6567_612d_7265_7375, 0x746e): return 58  // user-agent
    case (11, 0x6661_2d79_7274_6572, 0x726574): return 53  // retry-after
    case (12, 0x2d74_6e65_746e_6f63, 0x6570_7974): return 31  // content-type
    case (12, 0x7772_6f66_2d78_616d, 0x7364_7261): return 47  // max-forwards
    case (13, 0x722d_7470_6563_6361, 0x73_6567_6e61): return 18  // accept-ranges
    case (13, 0x7a69_726f_6874_7561, 0x6e_6f69_7461): return 23  // authorization
    case (13, 0x6f63_2d65_6863_6163, 0x6c_6f72_746e): return 24  // cache-control
    case (13, 0x2d74_6e65_746e_6f63, 0x65_676e_6172): return 30  // content-range
    case (13, 0x2d65_6e6f_6e2d_6669, 0x68_6374_616d): return 41  // if-none-match
    case (13, 0x646f_6d2d_7473_616c, 0x64_6569_6669): return 44  // last-modified
    case (14, 0x632d_7470_6563_6361, 0x7465_7372_6168): return 15  // accept-charset
    case (14, 0x2d74_6e65_746e_6f63, 0x6874_676e_656c): return 28  // content-length
    case (15, 0x652d_7470_6563_6361, 0x67_6e69_646f_636e): return 16  // accept-encoding
    case (15, 0x6c2d_7470_6563_6361, 0x65_6761_7567_6e61): return 17  // accept-language
    case (16, 0x2d74_6e65_746e_6f63, 0x676e_6964_6f63_6e65): return 26  // content-encoding
    case (16, 0x2d74_6e65_746e_6f63, 0x6567_6175_676e_616c): return 27  // content-language
    case (16, 0x2d74_6e65_746e_6f63, 0x6e6f_6974_6163_6f6c): return 29  // content-location
    case (16, 0x6874_7561_2d77_7777, 0x6574_6163_6974_6e65): return 61  // www-authenticate
    default: return 0
    }
  }

  private static func findLong(_ count: Int, _ name: borrowing LowerName) -> Int {
    let words = (name.words[0], name.words[1], name.words[2], name.words[3])
    switch (count, words.0, words.1, words.2, words.3) {
    // if-modified-since
    case (17, 0x6669_646f_6d2d_6669, 0x636e_6973_2d64_6569, 0x65, 0):
      return 40
    // transfer-encoding
    case (17, 0x7265_6673_6e61_7274, 0x6e69_646f_636e_652d, 0x67, 0):
      return 57
    // proxy-authenticate
    case (18, 0x7561_2d79_786f_7270, 0x6163_6974_6e65_6874, 0x6574, 0):
      return 48
    // content-disposition
    case (19, 0x2d74_6e65_746e_6f63, 0x7469_736f_7073_6964, 0x6e6f69, 0):
      return 25
    // if-unmodified-since
    case (19, 0x646f_6d6e_752d_6669, 0x6973_2d64_6569_6669, 0x65636e, 0):
      return 43
    // proxy-authorization
    case (19, 0x7561_2d79_786f_7270, 0x7461_7a69_726f_6874, 0x6e6f69, 0):
      return 49
    // strict-transport-security
    case (25, 0x742d_7463_6972_7473, 0x7472_6f70_736e_6172, 0x7469_7275_6365_732d, 0x79):
      return 56
    // access-control-allow-origin
    case (27, 0x632d_7373_6563_6361, 0x612d_6c6f_7274_6e6f, 0x6972_6f2d_776f_6c6c, 0x6e6967):
      return 20
    default: return 0
    }
  }
}
