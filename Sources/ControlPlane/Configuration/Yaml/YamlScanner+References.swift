/// Anchors, aliases and tags.
extension YamlScanner {
  /// `&x`: notes it and moves past it.
  mutating func anchor() {
    let length = wordLength()
    let name = text(1..<length)
    if !isAnchorName(name) {
      refuse("an anchor's name is letters, digits, \"-\" and \"_\"", length: length)
    } else if anchors.contains(where: { $0.name == name }) {
      refuse("the anchor \(quoted("&" + name)) is there already", length: length)
    } else if let last = anchors.last, last.node == index {
      refuse("a value has one anchor", length: length)
    } else if anchors.count == Self.aliasesMax {
      refuse("more than \(Self.aliasesMax) anchors", length: length)
    } else {
      anchors.append(Anchor(name: name, offset: index, length: length))
    }
    index += length
  }

  /// `*x`: an alias of an anchor above, else most likely a host that lacks its quotes. False when
  /// there are too many.
  mutating func alias() -> Bool {
    let length = wordLength()
    let name = text(1..<length)
    if anchors.contains(where: { $0.name == name }) {
      noteKey(at: index)
      aliases[index] = name
      note(index, length: length)
      if aliases.count > Self.aliasesMax {
        refuse("more than \(Self.aliasesMax) aliases", length: length)
        return false
      }
    } else if isAnchorName(name), !anchors.isEmpty {
      let hint = Suggestion.suffix(for: name, among: anchors.map(\.name))
      refuse("there is no anchor \(quoted("&" + name)) above\(hint)", length: length)
    } else {
      let shown = quoted("*" + name)
      refuse("a value that starts with \"*\" must be in quotes: \(shown)", length: length)
    }
    index += length
    return true
  }

  mutating func refuseTag() {
    let length = wordLength()
    refuse("YAML tags are not supported; leave it out", length: length)
    index += length
  }

  /// The token behind an anchor is what it names.
  mutating func noteAnchored(_ first: Unicode.Scalar) {
    guard let last = anchors.last, last.node == nil else { return }
    anchors[anchors.count - 1].node = index
  }

  /// `&x key: value` is an anchor of the key, which has no use.
  mutating func refuseAnchoredKey() {
    guard let anchor = anchors.last, anchor.node == keyOffset,
      line(of: anchor.offset) == line(of: anchor.node ?? anchor.offset)
    else { return }
    refuse(
      at: anchor.offset,
      "an anchor must stand in front of a value, not of a key; to name a mapping, write its keys "
        + "in the lines below", length: anchor.length)
  }

  /// To the next blank or flow indicator.
  private func wordLength() -> Int {
    var length = 1
    while !isBlank(peek(length)), let next = peek(length), next != ",", next != "]", next != "}" {
      length += 1
    }
    return length
  }

  private func text(_ range: Range<Int>) -> String {
    String(String.UnicodeScalarView(scalars[index + range.lowerBound..<index + range.upperBound]))
  }

  private func isAnchorName(_ name: String) -> Bool {
    !name.isEmpty
      && name.unicodeScalars.allSatisfy { scalar in
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
          || ("0"..."9").contains(scalar) || scalar == "-" || scalar == "_"
      }
  }
}
