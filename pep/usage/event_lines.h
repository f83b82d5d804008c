// Server-sent events in pieces: what stands behind `data:`, event by event. Internal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace portreeve::pep {

// Told of the data of each event, in pieces. An event that no blank line ended is never ended here either.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void data(std::string_view bytes) = 0;
  // The event is over. Only told of events that had data.
  virtual void end_event() = 0;
};

// Splits a stream (WHATWG HTML §9.2.6: lines end in LF, CR LF or CR; a byte order mark at the head is skipped). Memory:
// constant. One thread.
class EventLines {
 public:
  explicit EventLines(EventSink& sink) : sink_(&sink) {}  // outlives this
  void feed(std::string_view bytes);

 private:
  enum class Place : std::uint8_t { field, value_start, data, skip };
  void line_end();

  EventSink* sink_;
  Place place_ = Place::field;
  std::string field_;       // the name so far, at most what tells `data` from others
  bool line_empty_ = true;  // nothing was on this line yet
  bool after_cr_ = false;
  bool has_data_ = false;  // the event has a data line
  bool at_head_ = true;    // of the stream: a byte order mark may come
};

}  // namespace portreeve::pep
