extension ConfigDiff {
  /// For `headrace diff --json`: one document; `changes` says whether there is any difference.
  public var json: String {
    let list = entries.map { entry in
      JSONValue.object([
        .init("effect", .text(entry.effect.rawValue)), .init("area", .text(entry.area.rawValue)),
        .init("text", .text(entry.text)),
      ])
    }
    let document = JSONValue.object([
      .init("changes", .flag(!isEmpty)), .init("entries", .list(list)),
    ])
    return document.formatted() + "\n"
  }
}
