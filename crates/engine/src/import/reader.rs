//! Reading import files row by row in constant memory. A row that cannot be read is refused alone, the next line goes on.
//!
//! CSV is read strictly by RFC 4180, by ourselves: general readers forgive a wrong quote by gluing lines together, and one
//! of them would swallow the rest of the file.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};

use serde_json::{Map, Value as Json};

use super::Reject;

/// The longest line, in bytes. Every attribute filled to its limit stays well below.
const MAX_LINE_BYTES: usize = 1 << 20;

/// How many lines one row may run over: a quote that nobody closes is found out after these.
const MAX_LINES_PER_ROW: usize = 200;

/// One cell, before its column says what it means.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell<'a> {
    /// Leaves the stored value alone.
    Empty,
    /// `\N`, or JSON null.
    Clear,
    /// Text of a CSV file.
    Text(&'a str),
    /// A value of a JSON file.
    Json(&'a Json),
}

impl<'a> Cell<'a> {
    pub(super) fn of_text(text: &'a str) -> Self {
        match text {
            "" => Self::Empty,
            "\\N" => Self::Clear,
            text => Self::Text(text),
        }
    }

    pub(super) fn of_json(json: &'a Json) -> Self {
        if json.is_null() { Self::Clear } else { Self::Json(json) }
    }
}

/// Lines of a file with their numbers; some of them are given back and read again.
struct Lines<R> {
    input: BufReader<R>,
    number: u64,
    again: VecDeque<(u64, Vec<u8>)>,
    bytes: u64,
}

enum Line {
    Text(u64),
    TooLong(u64),
    End,
}

impl<R: Read> Lines<R> {
    fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(1 << 17, input), number: 0, again: VecDeque::new(), bytes: 0 }
    }

    /// Reads the next line into `text`, without its end.
    fn next(&mut self, text: &mut Vec<u8>) -> io::Result<Line> {
        if let Some((number, line)) = self.again.pop_front() {
            *text = line;
            return Ok(Line::Text(number));
        }
        text.clear();
        let mut any = false;
        let mut too_long = false;
        loop {
            let piece = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                piece => piece?,
            };
            if piece.is_empty() {
                break;
            }
            any = true;
            let end = piece.iter().position(|byte| *byte == b'\n');
            let (line, used) = piece.split_at(end.unwrap_or(piece.len()));
            if text.len() + line.len() > MAX_LINE_BYTES {
                too_long = true;
            } else {
                text.extend_from_slice(line);
            }
            let used = piece.len() - used.len() + usize::from(end.is_some());
            self.input.consume(used);
            self.bytes += used as u64;
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(Line::End);
        }
        self.number += 1;
        if text.last() == Some(&b'\r') {
            text.pop();
        }
        if self.number == 1 && text.starts_with("\u{feff}".as_bytes()) {
            text.drain(..3);
        }
        Ok(if too_long { Line::TooLong(self.number) } else { Line::Text(self.number) })
    }
}

fn too_long(line: u64) -> Reject {
    Reject::new(line, "row_too_long", format!("The line is longer than {MAX_LINE_BYTES} bytes. Shorten its texts."))
}

fn not_utf8(line: u64) -> Reject {
    Reject::new(line, "not_utf8", "The row is not UTF-8. Save the file with that encoding.".to_owned())
}

/// The cells of one CSV row.
#[derive(Debug, Default)]
pub(super) struct CsvRow {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    text: String,
}

impl CsvRow {
    /// How many cells it has.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cells in order.
    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let cell = self.text.get(start..end).unwrap_or_default();
            start = end;
            cell
        })
    }

    fn split(&mut self, line: &[u8]) -> Split {
        self.bytes.clear();
        self.ends.clear();
        let mut rest = line;
        loop {
            let taken = match rest.split_first() {
                Some((b'"', inside)) => self.take_quoted(inside),
                _ => self.take_plain(rest),
            };
            self.ends.push(self.bytes.len());
            match taken {
                Ok(Some(after)) => rest = after,
                Ok(None) => return Split::Whole,
                Err(wrong) => return wrong,
            }
        }
    }

    /// Up to the next comma; what follows it, if anything does.
    fn take_plain<'a>(&mut self, rest: &'a [u8]) -> Result<Option<&'a [u8]>, Split> {
        let end = rest.iter().position(|byte| matches!(byte, b',' | b'"')).unwrap_or(rest.len());
        let (cell, after) = rest.split_at(end);
        self.bytes.extend_from_slice(cell);
        match after.split_first() {
            Some((b'"', _)) => Err(Split::Wrong),
            Some((_, after)) => Ok(Some(after)),
            None => Ok(None),
        }
    }

    /// From behind an opening quote to behind the comma after the closing one.
    fn take_quoted<'a>(&mut self, mut rest: &'a [u8]) -> Result<Option<&'a [u8]>, Split> {
        loop {
            let quote = rest.iter().position(|byte| *byte == b'"').ok_or(Split::Open)?;
            let (text, from_quote) = rest.split_at(quote);
            self.bytes.extend_from_slice(text);
            match from_quote.get(1..).and_then(<[u8]>::split_first) {
                None => return Ok(None),
                Some((b',', after)) => return Ok(Some(after)),
                Some((b'"', after)) => {
                    self.bytes.push(b'"');
                    rest = after;
                }
                Some(_) => return Err(Split::Wrong),
            }
        }
    }

    /// Makes text of the bytes; cells end at ASCII characters, so what is UTF-8 as a whole is so in each.
    fn finish(&mut self) -> bool {
        self.text.clear();
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => self.text.push_str(text),
            Err(_) => return false,
        }
        true
    }
}

enum Split {
    Whole,
    /// The line ends inside quotes.
    Open,
    Wrong,
}

/// The rows of a CSV file.
pub(super) struct CsvReader<R> {
    lines: Lines<R>,
    line: Vec<u8>,
    row: CsvRow,
}

impl<R: Read> CsvReader<R> {
    pub(super) fn new(input: R) -> Self {
        Self { lines: Lines::new(input), line: Vec::new(), row: CsvRow::default() }
    }

    /// How many bytes were read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.lines.bytes
    }

    /// The row that [`next`](Self::next) read last.
    pub(super) fn row(&self) -> &CsvRow {
        &self.row
    }

    /// Reads the next row that is not blank; its line number, or why it is refused. None: the file has ended.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<u64, Reject>>> {
        loop {
            match self.lines.next(&mut self.line)? {
                Line::End => return Ok(None),
                Line::TooLong(line) => return Ok(Some(Err(too_long(line)))),
                Line::Text(_) if self.line.iter().all(u8::is_ascii_whitespace) => {}
                Line::Text(line) => return self.read_row(line).map(Some),
            }
        }
    }

    fn read_row(&mut self, line: u64) -> io::Result<Result<u64, Reject>> {
        match self.row.split(&self.line) {
            Split::Whole => Ok(self.finish(line)),
            Split::Wrong => Ok(Err(wrong_quoting(line))),
            Split::Open => self.read_on(line),
        }
    }

    fn finish(&mut self, line: u64) -> Result<u64, Reject> {
        if self.row.finish() { Ok(line) } else { Err(not_utf8(line)) }
    }

    /// The row runs over several lines. When it turns out to be wrong, only its first line is refused.
    fn read_on(&mut self, line: u64) -> io::Result<Result<u64, Reject>> {
        let mut whole = std::mem::take(&mut self.line);
        let mut more: Vec<(u64, Vec<u8>)> = Vec::new();
        let complete = loop {
            let mut next = Vec::new();
            let Line::Text(number) = self.lines.next(&mut next)? else { break false };
            whole.push(b'\n');
            whole.extend_from_slice(&next);
            more.push((number, next));
            match self.row.split(&whole) {
                Split::Whole => break true,
                Split::Wrong => break false,
                Split::Open if more.len() >= MAX_LINES_PER_ROW || whole.len() > MAX_LINE_BYTES => break false,
                Split::Open => {}
            }
        };
        if complete {
            return Ok(self.finish(line));
        }
        for entry in more.into_iter().rev() {
            self.lines.again.push_front(entry);
        }
        Ok(Err(wrong_quoting(line)))
    }
}

fn wrong_quoting(line: u64) -> Reject {
    let message = "The quotes of this row do not fit. Put a cell that contains a comma, a quote or a line break between \
                   quotes, and write a quote inside it twice.";
    Reject::new(line, "wrong_quoting", message.to_owned())
}

/// One line's object, with its number.
pub(super) type Object = (u64, Map<String, Json>);

/// The objects of a JSON Lines file.
pub(super) struct JsonReader<R> {
    lines: Lines<R>,
    line: Vec<u8>,
}

impl<R: Read> JsonReader<R> {
    pub(super) fn new(input: R) -> Self {
        Self { lines: Lines::new(input), line: Vec::new() }
    }

    /// How many bytes were read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.lines.bytes
    }

    /// Reads the next line that is not blank. None: the file has ended.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<Object, Reject>>> {
        loop {
            match self.lines.next(&mut self.line)? {
                Line::End => return Ok(None),
                Line::TooLong(line) => return Ok(Some(Err(too_long(line)))),
                Line::Text(_) if self.line.iter().all(u8::is_ascii_whitespace) => {}
                Line::Text(line) => return Ok(Some(object(line, &self.line))),
            }
        }
    }
}

fn object(line: u64, text: &[u8]) -> Result<Object, Reject> {
    let text = std::str::from_utf8(text).map_err(|_| not_utf8(line))?;
    match serde_json::from_str(text) {
        Ok(Json::Object(object)) => Ok((line, object)),
        Ok(_) => {
            let message = "The line is JSON but not an object. Write one object of attributes per line.";
            Err(Reject::new(line, "invalid_json", message.to_owned()))
        }
        Err(error) => {
            let message = format!("The line is not JSON (near column {}). Write one object per line.", error.column());
            Err(Reject::new(line, "invalid_json", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row as its line and cells, or its line and code.
    fn read(file: &[u8]) -> Vec<String> {
        let mut reader = CsvReader::new(file);
        let mut seen = Vec::new();
        while let Some(next) = reader.next().unwrap() {
            seen.push(match next {
                Ok(line) => format!("{line}: {}", reader.row().cells().collect::<Vec<_>>().join("|")),
                Err(reject) => format!("{}! {}", reject.line, reject.code),
            });
        }
        seen
    }

    #[test]
    fn rows_are_read_as_they_were_meant() {
        let file = b"\xef\xbb\xbfa,b\r\n1,\"x, \"\"y\"\"\"\n\n2,\"two\nlines\"\n3,\n\"\",\\N";
        assert_eq!(read(file), ["1: a|b", "2: 1|x, \"y\"", "4: 2|two\nlines", "6: 3|", "7: |\\N"]);
    }

    #[test]
    fn a_wrong_quote_costs_its_own_line_and_no_other() {
        assert_eq!(read(b"1,\"open\n2,\"Fine, Inc\"\n3,c\n"), ["1! wrong_quoting", "2: 2|Fine, Inc", "3: 3|c"]);
        assert_eq!(read(b"1,\"a\"b\n2,b\n"), ["1! wrong_quoting", "2: 2|b"]);
        assert_eq!(read(b"1,a \"b\" c\n2,b\n"), ["1! wrong_quoting", "2: 2|b"]);
        assert_eq!(read(b"1,b\n2,\"never closed"), ["1: 1|b", "2! wrong_quoting"]);
        let mut long = b"1,\"open\n".to_vec();
        (2..=1_000).for_each(|n| long.extend(format!("{n},x\n").bytes()));
        let seen = read(&long);
        assert_eq!((seen.len(), seen[0].as_str(), seen[999].as_str()), (1_000, "1! wrong_quoting", "1000: 1000|x"));
    }

    #[test]
    fn foreign_bytes_and_endless_lines_are_refused_alone() {
        let mut file = b"1,\xff\xfe\n2,b\n3,".to_vec();
        file.extend(vec![b'x'; MAX_LINE_BYTES + 5]);
        file.extend(b"\n4,d");
        assert_eq!(read(&file), ["1! not_utf8", "2: 2|b", "3! row_too_long", "4: 4|d"]);
    }

    #[test]
    fn json_lines_are_objects_or_refused() {
        let mut reader = JsonReader::new(&b"{\"key\":\"a\"}\n[1]\n{\"key\":\n\n{\"key\":null}"[..]);
        let mut seen = Vec::new();
        while let Some(next) = reader.next().unwrap() {
            seen.push(
                next.map(|(line, object)| (line, Json::Object(object).to_string())).map_err(|r| (r.line, r.code)),
            );
        }
        assert_eq!(
            seen,
            [
                Ok((1, "{\"key\":\"a\"}".to_owned())),
                Err((2, "invalid_json")),
                Err((3, "invalid_json")),
                Ok((5, "{\"key\":null}".to_owned()))
            ]
        );
    }
}
