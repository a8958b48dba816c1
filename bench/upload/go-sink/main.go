// A sink that stands in for OSS: it reads parts and discards them at minimal cost, because it shares the machine with the
// measured client. It returns checksums that it received before, records complete parts and counts bytes. Prints its
// port; exits when stdin closes.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// The body of PUT /_sink, sent before an upload.
type task struct {
	Size int64 `json:"size"`
	// CRC64 of each part and of the whole object, in decimal.
	Parts []string `json:"parts"`
	Whole string   `json:"whole"`
}

// The response of GET /_sink.
type counts struct {
	// Bytes of request bodies, including those of interrupted requests.
	Bytes    int64 `json:"bytes"`
	CutBytes int64 `json:"cutBytes"`
	// Bytes of parts that had already arrived completely.
	RepeatedBytes int64 `json:"repeatedBytes"`
}

type sink struct {
	sync.Mutex
	task    task
	arrived map[int]int64
	// The paths of the completed objects.
	completed map[string]bool
	counts    counts
}

var buffers = sync.Pool{New: func() any { return make([]byte, 1<<20) }}

func (s *sink) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	query := request.URL.Query()
	switch {
	case request.URL.Path == "/_sink":
		s.control(response, request)
	case query.Has("partNumber"):
		s.takePart(response, request, query.Get("partNumber"))
	case query.Has("uploads") && request.Method == http.MethodPost:
		xml(response, "<InitiateMultipartUploadResult><UploadId>bench</UploadId></InitiateMultipartUploadResult>")
	case query.Has("uploads"):
		xml(response, "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>")
	case request.Method == http.MethodPost:
		s.complete(response, request.URL.Path)
	case request.Method == http.MethodGet:
		s.listParts(response)
	default:
		s.describe(response, request.URL.Path)
	}
}

func (s *sink) control(response http.ResponseWriter, request *http.Request) {
	s.Lock()
	defer s.Unlock()
	if request.Method == http.MethodGet {
		json.NewEncoder(response).Encode(s.counts)
		return
	}
	var next task
	if err := json.NewDecoder(request.Body).Decode(&next); err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	s.task, s.arrived, s.completed, s.counts = next, map[int]int64{}, map[string]bool{}, counts{}
}

func (s *sink) takePart(response http.ResponseWriter, request *http.Request, number string) {
	buffer := buffers.Get().([]byte)
	defer buffers.Put(buffer)
	var length int64
	var err error
	for err == nil {
		var read int
		read, err = request.Body.Read(buffer)
		length += int64(read)
	}
	part, _ := strconv.Atoi(number)
	s.Lock()
	s.counts.Bytes += length
	if err != io.EOF {
		s.counts.CutBytes += length
		s.Unlock()
		return
	}
	if _, known := s.arrived[part]; known {
		s.counts.RepeatedBytes += length
	}
	s.arrived[part] = length
	sum := s.sum(part)
	s.Unlock()
	response.Header().Set("ETag", `"`+number+`"`)
	response.Header().Set("x-oss-hash-crc64ecma", sum)
}

func (s *sink) sum(part int) string {
	if part < 1 || part > len(s.task.Parts) {
		return ""
	}
	return s.task.Parts[part-1]
}

func (s *sink) complete(response http.ResponseWriter, path string) {
	s.Lock()
	s.completed[path] = true
	response.Header().Set("x-oss-hash-crc64ecma", s.task.Whole)
	s.Unlock()
	xml(response, `<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>`)
}

func (s *sink) listParts(response http.ResponseWriter) {
	s.Lock()
	defer s.Unlock()
	numbers := make([]int, 0, len(s.arrived))
	for number := range s.arrived {
		numbers = append(numbers, number)
	}
	sort.Ints(numbers)
	var parts strings.Builder
	for _, number := range numbers {
		fmt.Fprintf(&parts, `<Part><PartNumber>%d</PartNumber><ETag>"%d"</ETag><Size>%d</Size>`, number, number, s.arrived[number])
		fmt.Fprintf(&parts, "<HashCrc64ecma>%s</HashCrc64ecma></Part>", s.sum(number))
	}
	xml(response, "<ListPartsResult><IsTruncated>false</IsTruncated>"+parts.String()+"</ListPartsResult>")
}

func (s *sink) describe(response http.ResponseWriter, path string) {
	s.Lock()
	defer s.Unlock()
	if !s.completed[path] {
		response.WriteHeader(http.StatusNotFound)
		return
	}
	response.Header().Set("Content-Length", strconv.FormatInt(s.task.Size, 10))
	response.Header().Set("ETag", `"whole"`)
	response.Header().Set("x-oss-hash-crc64ecma", s.task.Whole)
}

func xml(response http.ResponseWriter, body string) {
	response.Header().Set("Content-Type", "application/xml")
	response.Header().Set("x-oss-request-id", "bench")
	io.WriteString(response, `<?xml version="1.0"?>`+body)
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, &sink{arrived: map[int]int64{}, completed: map[string]bool{}})
}
