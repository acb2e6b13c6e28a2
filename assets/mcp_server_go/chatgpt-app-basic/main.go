// An MCP server over stdin and stdout whose tool has a widget: a page that ChatGPT shows beside the answer.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"log"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	widgetURI = "ui://SERVER_NAME/widget.html"
	// Clients take a resource of this type for a widget.
	widgetType = "text/html+skybridge"
)

//go:embed ui.html
var widget string

// greeting is what the tool is called with. The tags name and describe the properties of its schema.
type greeting struct {
	Name         string `json:"name" jsonschema:"who is greeted"`
	GreetingType string `json:"greetingType,omitempty" jsonschema:"the word to greet with: Hi, Hey or Hello"`
}

// greeted is what the widget is given, as the structured content of the result.
type greeted struct {
	Greeting     string `json:"greeting"`
	Name         string `json:"name"`
	GreetingType string `json:"greetingType"`
}

func greet(_ context.Context, _ *mcp.CallToolRequest, args greeting) (*mcp.CallToolResult, greeted, error) {
	if args.Name == "" {
		return nil, greeted{}, fmt.Errorf("a name is needed")
	}
	word := args.GreetingType
	if word == "" {
		word = "Hi"
	}
	text := fmt.Sprintf("%s %s!", word, args.Name)
	result := &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}
	return result, greeted{Greeting: text, Name: args.Name, GreetingType: word}, nil
}

func readWidget(_ context.Context, _ *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
	content := &mcp.ResourceContents{URI: widgetURI, MIMEType: widgetType, Text: widget}
	return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{content}}, nil
}

func main() {
	server := mcp.NewServer(&mcp.Implementation{Name: "SERVER_NAME", Version: "0.1.0"}, nil)
	server.AddResource(&mcp.Resource{
		URI:         widgetURI,
		Name:        "Greeting",
		Description: "Shows a greeting, and asks for another one",
		MIMEType:    widgetType,
	}, readWidget)
	mcp.AddTool(server, &mcp.Tool{
		Name:        "greet",
		Description: "Greets somebody with a word of choice",
		Meta: mcp.Meta{
			"openai/outputTemplate":          widgetURI,
			"openai/toolInvocation/invoking": "Greeting…",
			"openai/toolInvocation/invoked":  "Greeted",
			"openai/widgetAccessible":        true, // the widget may call the tool itself
		},
	}, greet)
	// Stdout belongs to the protocol: write to stderr, as log does.
	if err := server.Run(context.Background(), &mcp.StdioTransport{}); err != nil {
		log.Fatal(err)
	}
}
